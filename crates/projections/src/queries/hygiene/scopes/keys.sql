-- Keys that may still be used and hold scopes of their own; conditions, order and limit follow. Uses key_directory_scoped, or
-- key_directory_by_client for those of one client, and the primary key of clients.
select k.key_id, k.name, k.client_id, c.name as client_name, c.owner_team, k.scopes
  from key_directory k
  join client_directory c on c.client_id = k.client_id
 where k.status in ('active', 'suspended')
   and k.scopes is not null
