-- Keys that may still be used, with their clients and their last use; conditions, order and limit follow. Uses
-- key_directory_live along the keys, key_directory_endless for those without expiry, key_directory_by_client for those of
-- one client, key_directory_by_end for the nearest ends, client_directory_orphaned and then key_directory_by_client for those
-- that nobody looks after; for each key the primary keys of clients and last uses.
select k.key_id, k.name, k.client_id, c.name as client_name, c.owner_team, k.environment, k.status, k.issued_at_us,
       k.expires_at_us, k.ends_at_us,
       (select max(u.last_used_at_us) from key_last_used u where u.key_id = k.key_id) as last_used_at_us,
       c.status as client_status,
       case when c.owner_email is null then 1 else 0 end as owner_erased,
       case when c.contacts not like '%"email":"%' then 1 else 0 end as no_contact
  from key_directory k
  join client_directory c on c.client_id = k.client_id
 where k.status in ('active', 'suspended')
