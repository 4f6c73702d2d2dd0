-- Writes a message once, by its id. Its sequence is the given one, or the next of its subject: who writes here is alone.
insert into messages (message_id, kind, type, subject, sequence, position, environment, team, client_id, body, created_at_us)
select $1, $2, $3, $4, coalesce($5, (select sequence from subjects where subject = $4) + 1, 1), $6, $7, $8, $9, $10, $11
 where true
on conflict (message_id) do nothing
