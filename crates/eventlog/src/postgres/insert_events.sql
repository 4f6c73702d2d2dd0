-- Appends the events of a group of commands, all or none, with all that stands or falls with them: their places in the
-- queue of the sequencer, the personal values they commit to, the names of their commands. A taken events_pkey is a
-- version conflict, a taken commands_pkey a repetition. Numbers follow the order of the arrays.
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
), personal as (
    insert into personal_data (event_no, commitment, subject, salt, value)
    select appended.event_no, person.commitment, person.subject, person.salt, person.value
      from unnest($11::text[], $12::text[], $13::text[], $14::bytea[], $15::text[])
               as person (event_id, commitment, subject, salt, value)
      join appended using (event_id)
    on conflict do nothing
), named as (
    insert into commands (command_key, request_digest, aggregate_type, aggregate_id, version, event_no, recorded_at)
    select command.command_key, command.request_digest, command.aggregate_type, command.aggregate_id,
           command.version, appended.event_no, $10::timestamptz
      from unnest($16::text[], $17::bytea[], $18::text[], $19::text[], $20::bigint[], $21::text[])
               as command (command_key, request_digest, aggregate_type, aggregate_id, version, event_id)
      join appended using (event_id)
)
select event_id, event_no from appended
