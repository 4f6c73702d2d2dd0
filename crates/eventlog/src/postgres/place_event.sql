-- The same as place_events.sql for one event that commits to no personal value, of a command without a name: without what
-- there is nothing of it takes the server two thirds of the time.
with appended as (
    insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                        event_id, recorded_at)
    values ($1, $2, $3, $4, $5, $6::json, $7::json, $8, $10::timestamptz)
    returning event_no
), taken as (
    delete from events_pending returning event_no, leaf_hash
), placed as (
    insert into log (position, event_no, leaf_hash)
    select (select coalesce(max(position), 0) from log) + row_number() over (order by own, event_no),
           event_no, leaf_hash
      from (select event_no, leaf_hash, false as own from taken
             union all
            select event_no, $9, true from appended) as waiting
    returning position, event_no
)
select event_no, position from placed order by position
