-- Keys that have not ended, with what is known of their clients and their last use; conditions and order follow. Uses
-- key_directory_by_client for one client, else reads the directory.
select k.key_id, k.client_id, k.name, k.environment, k.status, c.owner_team, c.labels,
       (select max(u.last_used_at_us) from key_last_used u where u.key_id = k.key_id) as last_used_at_us
  from key_directory k
  join client_directory c on c.client_id = k.client_id
 where k.status in ('active', 'suspended')
