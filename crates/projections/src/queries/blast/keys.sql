-- How many of the keys selected may still be used. Uses key_directory_by_client or the primary key; reads the whole
-- directory where everyone is selected.
select count(*) as number
  from key_directory k
 where k.status in ('active', 'suspended')
   and ({selected})
