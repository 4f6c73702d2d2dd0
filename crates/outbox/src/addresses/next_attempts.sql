-- The last delivery of the next attempts. Uses the primary key.
select max(delivery_id) as until
  from (select delivery_id from attempts where delivery_id > $1 order by delivery_id limit $2) as next
