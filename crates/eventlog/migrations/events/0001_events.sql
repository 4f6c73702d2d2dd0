-- The truth. Rows are never updated or deleted: the triggers refuse it. The first seven columns after the
-- number are sqlite-es' own, so that its repository loads the streams.
create table events (
    event_no        integer primary key autoincrement,
    aggregate_type  text    not null,
    aggregate_id    text    not null,
    sequence        integer not null constraint events_sequence_from_one check (sequence >= 1),
    event_type      text    not null,
    event_version   text    not null,
    payload         text    not null constraint events_payload_is_json check (json_valid(payload)),
    metadata        text    not null constraint events_metadata_is_json check (json_valid(metadata)),
    event_id        text    not null unique,
    recorded_at     text    not null,
    unique (aggregate_type, aggregate_id, sequence)
);

create trigger events_are_not_updated before update on events
begin select raise(abort, 'events are append-only'); end;
create trigger events_are_not_deleted before delete on events
begin select raise(abort, 'events are append-only'); end;
-- `insert or replace` deletes without a delete trigger, so a taken place is refused before it comes to that.
-- The message of the second is how the writer tells a version conflict.
create trigger events_are_not_replaced before insert on events
when exists (select 1 from events where event_no = new.event_no or event_id = new.event_id)
begin select raise(abort, 'events are append-only'); end;
create trigger events_have_their_own_sequence before insert on events
when exists (select 1 from events where aggregate_type = new.aggregate_type and aggregate_id = new.aggregate_id
                                    and sequence = new.sequence)
begin select raise(abort, 'events are append-only: events.sequence is taken'); end;

-- The one order of all events: contiguous from 1, with the RFC 6962 leaf hash of the audited bytes.
create table log (
    position   integer primary key constraint log_position_from_one check (position >= 1),
    event_no   integer not null unique references events (event_no),
    leaf_hash  blob    not null constraint log_leaf_hash_is_sha256 check (length(leaf_hash) = 32)
);

create trigger log_is_not_updated before update on log
begin select raise(abort, 'the log is append-only'); end;
create trigger log_is_not_deleted before delete on log
begin select raise(abort, 'the log is append-only'); end;
create trigger log_is_not_replaced before insert on log
when exists (select 1 from log where position = new.position or event_no = new.event_no)
begin select raise(abort, 'the log is append-only'); end;

-- Personal values that events commit to. Deleting a row erases the value and leaves every proof intact.
create table personal_data (
    event_no    integer not null references events (event_no),
    commitment  text    not null,
    subject     text    not null,
    salt        blob    not null constraint personal_data_salt_is_16_bytes check (length(salt) = 16),
    value       text    not null,
    primary key (event_no, commitment)
) without rowid;
create index personal_data_by_subject on personal_data (subject);

-- One row for each command that named itself, written with its events: a repetition is recognised, not repeated.
create table commands (
    command_key     text    primary key,
    request_digest  blob    not null,
    aggregate_type  text    not null,
    aggregate_id    text    not null,
    version         integer not null,
    position        integer not null,
    recorded_at     text    not null
) without rowid;
