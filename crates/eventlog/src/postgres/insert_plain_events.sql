-- Appends the events of a group of commands that commit to no personal value and have no names: as insert_events, without
-- what there is nothing of.
with given as (
    select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::bytea[])
        with ordinality as given (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                                  metadata, event_id, leaf_hash, place)
), appended as (
    insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                        event_id, recorded_at)
    select aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, metadata::json,
           event_id, $10::timestamptz
      from given
     order by place
    returning event_no, event_id
), queued as (
    insert into events_pending (event_no, leaf_hash)
    select appended.event_no, given.leaf_hash from appended join given using (event_id)
)
select event_id, event_no from appended
