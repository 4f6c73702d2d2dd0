-- Clients with their scopes; conditions, order and limit follow. Uses the primary key.
select null as key_id, null as name, c.client_id, c.name as client_name, c.owner_team, c.scopes
  from client_directory c
 where c.status in ('active', 'suspended')
