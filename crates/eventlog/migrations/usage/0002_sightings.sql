-- Who presented which secret, beside the batch that says so: personal data, kept for a time only. Source: ADR 0023.
create table usage_sightings (
    batch_no       integer primary key,
    flushed_at_us  integer not null,
    body           text    not null
) strict;
create index usage_sightings_by_time on usage_sightings (flushed_at_us);
