-- Clients; conditions, order and limit follow. Uses the primary key for one client and for paging.
select client_id, name, kind, status, owner_team, owner_email, owner_email_of, contacts, environments, scopes, labels, version,
       position, registered_at_us, updated_at_us
  from client_directory
 where 1 = 1
