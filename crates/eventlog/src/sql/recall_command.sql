-- What became of a command. Uses the primary key.
select request_digest, aggregate_type, aggregate_id, version, position from commands where command_key = $1
