-- What became of a command, and its position if it has one yet. Uses the primary key, and log_event_no_key.
select c.request_digest, c.aggregate_type, c.aggregate_id, c.version, c.event_no, l.position
  from commands c left join log l on l.event_no = c.event_no
 where c.command_key = $1
