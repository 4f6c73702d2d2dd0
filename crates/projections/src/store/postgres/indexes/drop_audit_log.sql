-- Empties the audit log and takes away what would be kept up to date, or checked, with every row. Waits no longer than a reader may
-- wait behind it.
set local lock_timeout = '2s';
truncate audit_log, audit_clients, audit_personal, audit_subjects;
alter table audit_log drop constraint if exists audit_log_pkey, drop constraint if exists audit_log_data_is_json;
drop index if exists audit_log_pkey, audit_log_by_subject, audit_log_by_client, audit_log_by_actor, audit_log_by_action,
    audit_log_by_correlation, audit_log_by_request, audit_log_by_time, audit_log_by_outcome;
