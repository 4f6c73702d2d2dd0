-- The same as insert_events.sql, in the process that gives positions: the events get theirs in the commit that puts them
-- on record, after whatever waits in the queue. What waits was committed before, maybe by another process and about the
-- same aggregates, so it comes first. A taken log_pkey: somebody else gives positions, and nothing was appended.
with appended as (
    insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                        event_id, recorded_at)
    select aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, metadata::json,
           event_id, $10::timestamptz
      from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
           with ordinality as given (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                                     metadata, event_id, place)
     order by place
    returning event_no
), numbered as (
    select event_no, row_number() over (order by event_no) as place from appended
), taken as (
    delete from events_pending returning event_no, leaf_hash
), placed as (
    insert into log (position, event_no, leaf_hash)
    select (select coalesce(max(position), 0) from log) + row_number() over (order by own, event_no),
           event_no, leaf_hash
      from (select event_no, leaf_hash, false as own from taken
             union all
            select event_no, ($9::bytea[])[place], true from numbered) as waiting
    returning position, event_no
), personal as (
    insert into personal_data (event_no, commitment, subject, salt, value)
    select event_no, commitment, subject, salt, value
      from unnest($11::bigint[], $12::text[], $13::text[], $14::bytea[], $15::text[])
               as person (place, commitment, subject, salt, value)
      join numbered using (place)
    on conflict do nothing
), named as (
    insert into commands (command_key, request_digest, aggregate_type, aggregate_id, version, event_no, recorded_at)
    select command_key, request_digest, aggregate_type, aggregate_id, version, event_no, $10::timestamptz
      from unnest($16::text[], $17::bytea[], $18::text[], $19::text[], $20::bigint[], $21::bigint[])
               as command (command_key, request_digest, aggregate_type, aggregate_id, version, place)
      join numbered using (place)
)
select event_no, position from placed order by position
