-- Who owns some clients, and where they are. Uses client_directory_pkey.
select client_id, owner_team, environments
  from client_directory
 where 1 = 1
