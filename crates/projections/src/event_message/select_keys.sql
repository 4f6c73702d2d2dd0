-- Whose some keys are, and where. Uses key_directory_pkey.
select key_id, client_id, environment
  from key_directory
 where 1 = 1
