-- Remembers a command under its caller's key, in the transaction of its events.
insert into commands (command_key, request_digest, aggregate_type, aggregate_id, version, position, recorded_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
