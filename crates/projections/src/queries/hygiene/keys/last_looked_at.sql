-- The last of so many keys that may still be used; conditions, order, limit and offset follow. Uses key_directory_live, or
-- key_directory_endless, alone; key_directory_by_client for those of one client.
select k.key_id
  from key_directory k
 where k.status in ('active', 'suspended')
