-- Messages of some that contain one of the values, which are in lower case. Uses the primary key.
select message_id, body from messages
 where message_id > $2 and message_id <= $3
   and exists (select 1 from json_each($1) where instr(lower(body), value) > 0)
