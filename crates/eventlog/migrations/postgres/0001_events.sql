-- The truth. Rows are never updated or deleted: the triggers refuse it, and the application's role has no grant for it.
-- The first seven columns after the number are postgres-es' own, so that its repository loads the streams. `json` and
-- not `jsonb`: the text is kept byte for byte, and the leaf hash is over these bytes.
create table events (
    event_no        bigint      generated always as identity constraint events_event_no_key unique,
    aggregate_type  text        not null,
    aggregate_id    text        not null,
    sequence        bigint      not null constraint events_sequence_from_one check (sequence >= 1),
    event_type      text        not null,
    event_version   text        not null,
    payload         json        not null,
    metadata        json        not null,
    event_id        text        not null constraint events_event_id_key unique,
    recorded_at     timestamptz not null default now(),
    constraint events_pkey primary key (aggregate_type, aggregate_id, sequence)
);

-- The one order of all events: contiguous from 1, with the RFC 6962 leaf hash of the audited bytes.
create table log (
    position   bigint constraint log_pkey primary key constraint log_position_from_one check (position >= 1),
    event_no   bigint not null constraint log_event_no_key unique references events (event_no),
    leaf_hash  bytea  not null constraint log_leaf_hash_is_sha256 check (length(leaf_hash) = 32)
);

-- Events that have no position yet: entered in the transaction of the event, taken out in that of the position. A queue:
-- vacuumed by the number of dead rows, because its size is always near zero.
create table events_pending (
    event_no   bigint constraint events_pending_pkey primary key,
    leaf_hash  bytea  not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Personal values that events commit to. Deleting a row erases the value and leaves every proof intact.
create table personal_data (
    event_no    bigint not null references events (event_no),
    commitment  text   not null,
    subject     text   not null,
    salt        bytea  not null constraint personal_data_salt_is_16_bytes check (length(salt) = 16),
    value       text   not null,
    constraint personal_data_pkey primary key (event_no, commitment)
);
create index personal_data_by_subject on personal_data (subject);

-- One row for each command that named itself, written with its events: a repetition is recognised, not repeated.
create table commands (
    command_key     text        constraint commands_pkey primary key,
    request_digest  bytea       not null constraint commands_request_digest_is_sha256 check (length(request_digest) = 32),
    aggregate_type  text        not null,
    aggregate_id    text        not null,
    version         bigint      not null,
    -- Of the command's last event, or of one that the decision rests on. Zero: there was no event yet.
    event_no        bigint      not null,
    recorded_at     timestamptz not null
);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;

create trigger events_are_append_only before update or delete on events
    for each row execute function refuse_change();
create trigger events_are_not_truncated before truncate on events
    for each statement execute function refuse_change();
create trigger log_is_append_only before update or delete on log
    for each row execute function refuse_change();
create trigger log_is_not_truncated before truncate on log
    for each statement execute function refuse_change();
