-- Entries of the audit log tell what changed and how it ended, and have commitments in the place of personal values. All are made
-- again from the log.
truncate audit_log;
alter table audit_log
    add column outcome text not null default 'succeeded' constraint audit_log_outcome_is_known
        check (outcome in ('succeeded', 'denied', 'failed')),
    -- A JSON Patch; null where what was there before is not known.
    add column changes text;
create index audit_log_by_outcome on audit_log (outcome, position) where outcome <> 'succeeded';

-- What stands behind the commitments in entries, the caller's address included. To erase a value is to delete its rows.
create table audit_personal (
    commitment  text collate "C" not null,
    position    bigint not null,
    value       text not null,
    primary key (commitment, position)
);
create index audit_personal_by_value on audit_personal (value);

-- Things as they stood after their last event, with commitments in the place of personal values.
create table audit_subjects (
    id     text collate "C" primary key,
    kind   text not null,
    state  text not null
);
