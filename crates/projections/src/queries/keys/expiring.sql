-- Keys that may still be used and expire between $1 and $2, with whose they are; the place behind which to go on, the order and the
-- limit follow. Uses key_directory_by_expiry.
select k.key_id, k.name, k.environment, k.status, k.hint, k.expires_at_us, k.revoke_at_us, k.client_id,
       coalesce(c.name, '') as client_name, coalesce(c.owner_team, '') as owner_team,
       (select max(u.last_used_at_us) from key_last_used u where u.key_id = k.key_id) as last_used_at_us
  from key_directory k
  left join client_directory c on c.client_id = k.client_id
 where k.expires_at_us >= $1
   and k.expires_at_us < $2
   and k.status in ('active', 'suspended')
