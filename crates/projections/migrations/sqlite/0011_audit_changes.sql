-- Entries of the audit log tell what changed and how it ended, and have commitments in the place of personal values. All are made
-- again from the log.
delete from audit_log;
alter table audit_log add column outcome text not null default 'succeeded' constraint audit_log_outcome_is_known
    check (outcome in ('succeeded', 'denied', 'failed'));
-- A JSON Patch; null where what was there before is not known.
alter table audit_log add column changes text constraint audit_log_changes_are_json check (changes is null or json_valid(changes));
create index audit_log_by_outcome on audit_log (outcome, position) where outcome <> 'succeeded';

-- What stands behind the commitments in entries, the caller's address included. To erase a value is to delete its rows.
create table audit_personal (
    commitment  text    not null,
    position    integer not null,
    value       text    not null,
    primary key (commitment, position)
) strict, without rowid;
create index audit_personal_by_value on audit_personal (value);

-- Things as they stood after their last event, with commitments in the place of personal values.
create table audit_subjects (
    id     text primary key,
    kind   text not null,
    state  text not null constraint audit_subjects_state_is_json check (json_valid(state))
) strict, without rowid;
