-- Appends one event that commits to no personal value, of a command without a name. As insert_events.sql, without what there
-- is nothing of: half the server's time.
with appended as (
    insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                        event_id, recorded_at)
    values ($1, $2, $3, $4, $5, $6::json, $7::json, $8, $10::timestamptz)
    returning event_no
)
insert into events_pending (event_no, leaf_hash)
select event_no, $9 from appended
returning event_no, null::bigint as position
