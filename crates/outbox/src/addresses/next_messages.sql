-- The last of the next messages by their id. Uses the primary key.
select max(message_id) as until
  from (select message_id from messages where message_id > $1 order by message_id limit $2) as next
