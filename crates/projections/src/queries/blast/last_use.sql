-- The last use of the keys selected, whatever has become of them. Uses key_directory_by_client or the primary key, and
-- key_last_used_pkey.
select max(u.last_used_at_us) as last_used_at_us
  from key_directory k
  join key_last_used u on u.key_id = k.key_id
 where {selected}
