-- Messages that contain a value, as it is or as JSON writes it. Reads the whole table: an erasure is rare.
select message_id, body from messages
 where message_id > $3 and (strpos(lower(body), lower($1)) > 0 or strpos(lower(body), lower($2)) > 0)
 order by message_id
 limit $4
