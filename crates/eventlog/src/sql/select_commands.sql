-- Commands by their keys, up to a position in the log. Uses the primary key.
select command_key, request_digest, aggregate_type, aggregate_id, version, position, recorded_at
  from commands
 where command_key > $1 and position <= $2
 order by command_key
 limit $3
