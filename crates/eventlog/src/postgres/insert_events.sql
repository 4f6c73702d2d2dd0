-- Appends the events of a group of commands, all or none, with all that stands or falls with them: their places in the
-- queue of the sequencer, the personal values they commit to, the names of their commands. A taken events_pkey is a
-- version conflict, a taken commands_pkey a repetition. Numbers follow the order of the arrays; personal values and
-- commands say by its place there to which event they belong.
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
), queued as (
    insert into events_pending (event_no, leaf_hash)
    select event_no, ($9::bytea[])[place] from numbered
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
select event_no, null::bigint as position from numbered order by event_no
