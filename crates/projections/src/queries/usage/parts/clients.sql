-- The next clients behind one, in the order of their identifiers. Uses the primary key.
select client_id from client_directory where client_id > $1 order by client_id limit $2
