-- Writes a body without what was to be forgotten. Uses the primary key.
update messages set body = $2 where message_id = $1
