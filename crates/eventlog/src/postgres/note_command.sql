-- Remembers a command that had nothing to append, if its aggregate is still at the version it was decided on.
-- No row: it is not.
with standing as (
    select coalesce(max(sequence), 0) as version, coalesce(max(event_no), 0) as event_no
      from events
     where aggregate_type = $1 and aggregate_id = $2
), named as (
    insert into commands (command_key, request_digest, aggregate_type, aggregate_id, version, event_no, recorded_at)
    select $4, $5, $1, $2, standing.version, standing.event_no, $6::timestamptz
      from standing
     where standing.version = $3 and $4 is not null
)
select standing.event_no, log.position
  from standing left join log on log.event_no = standing.event_no
 where standing.version = $3
