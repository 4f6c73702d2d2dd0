-- Writes messages, each once by its id; answers which were new.
insert into messages (message_id, kind, type, subject, sequence, position, environment, team, client_id, body, created_at_us)
select value ->> 'message_id', value ->> 'kind', value ->> 'type', value ->> 'subject', value ->> 'sequence',
       value ->> 'position', value ->> 'environment', value ->> 'team', value ->> 'client_id', value ->> 'body',
       value ->> 'created_at_us'
  from json_each($1)
 where true
on conflict (message_id) do nothing
returning message_id
