-- Writes messages, each once by its id; answers which were new.
insert into messages (message_id, kind, type, subject, sequence, position, environment, team, client_id, body, created_at_us)
select message_id, kind, type, subject, sequence, position, environment, team, client_id, body, created_at_us
  from json_to_recordset($1::json) as given (message_id text, kind text, type text, subject text, sequence bigint,
       position bigint, environment text, team text, client_id text, body text, created_at_us bigint)
on conflict (message_id) do nothing
returning message_id
