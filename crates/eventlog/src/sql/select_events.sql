-- The events after a position in the log's order. Uses the primary keys of both tables.
select l.position, l.event_no, l.leaf_hash, e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
       e.payload, e.metadata, e.event_id, e.recorded_at
  from log l join events e on e.event_no = l.event_no
 where l.position > $1 and l.position <= $2
 order by l.position
