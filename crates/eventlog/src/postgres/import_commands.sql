-- Writes commands that are moved here; their positions become this store's own numbers. Those that an interrupted import
-- has written are there already.
insert into commands (command_key, request_digest, aggregate_type, aggregate_id, version, event_no, recorded_at)
select command.command_key, command.request_digest, command.aggregate_type, command.aggregate_id, command.version,
       coalesce(log.event_no, 0), command.recorded_at::timestamptz
  from unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[])
           as command (command_key, request_digest, aggregate_type, aggregate_id, version, position, recorded_at)
  left join log using (position)
on conflict (command_key) do nothing
