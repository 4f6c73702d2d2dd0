-- Messages that contain a value, as it is or as JSON writes it. Reads the whole table: an erasure is rare.
select message_id, body from messages
 where message_id > $3 and (instr(lower(body), lower($1)) > 0 or instr(lower(body), lower($2)) > 0)
 order by message_id
 limit $4
