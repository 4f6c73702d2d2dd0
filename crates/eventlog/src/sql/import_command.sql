-- Writes a command that is moved here. One that an interrupted import has written is there already.
insert into commands (command_key, request_digest, aggregate_type, aggregate_id, version, position, recorded_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
on conflict (command_key) do nothing
