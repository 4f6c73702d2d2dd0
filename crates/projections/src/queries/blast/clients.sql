-- How many of the clients selected are not archived. Uses the primary key; reads the whole directory where everyone, or
-- everyone of an environment, is selected.
select count(*) as number
  from client_directory
 where status <> 'archived'
   and ({selected})
