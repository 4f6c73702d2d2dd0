-- The events after a position in the log's order. Uses the primary key of log and events_event_no_key.
select l.position, l.event_no, l.leaf_hash, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
       e.payload::text as payload, e.metadata::text as metadata, e.event_id,
       (extract(epoch from e.recorded_at) * 1000000)::bigint as recorded_at_us
  from log l join events e on e.event_no = l.event_no
 where l.position > $1 and l.position <= $2
 order by l.position
