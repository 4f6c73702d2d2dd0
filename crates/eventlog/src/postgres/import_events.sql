-- Writes events that are moved here, with the positions they have: in order, so that their numbers follow the log. The
-- sequencer's lock is held, so nobody else gives positions; log_pkey refuses whatever would be numbered twice.
with given as (
    select * from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[],
                         $8::text[], $9::text[], $10::text[], $11::bytea[])
               as given (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                         metadata, event_id, recorded_at, leaf_hash)
), written as (
    insert into events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
                        event_id, recorded_at)
    select aggregate_type, aggregate_id, sequence, event_type, event_version, payload::json, metadata::json,
           event_id, recorded_at::timestamptz
      from given
     order by position
    returning event_no, event_id
), placed as (
    insert into log (position, event_no, leaf_hash)
    select given.position, written.event_no, given.leaf_hash from written join given using (event_id)
    returning position
), personal as (
    insert into personal_data (event_no, commitment, subject, salt, value)
    select written.event_no, person.commitment, person.subject, person.salt, person.value
      from unnest($12::text[], $13::text[], $14::text[], $15::bytea[], $16::text[])
               as person (event_id, commitment, subject, salt, value)
      join written using (event_id)
)
select count(*) from placed
