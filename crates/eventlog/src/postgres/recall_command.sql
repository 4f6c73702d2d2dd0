-- What became of a command. Uses the primary key.
select request_digest, aggregate_type, aggregate_id, version, event_no from commands where command_key = $1
