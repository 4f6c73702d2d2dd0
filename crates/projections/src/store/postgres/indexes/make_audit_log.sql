-- The indexes of the audit log as the migrations make them, and the one that becomes the primary key's. Safe to repeat.
create unique index if not exists audit_log_pkey on audit_log (position);
create index if not exists audit_log_by_subject on audit_log (subject_id, position);
create index if not exists audit_log_by_correlation on audit_log (correlation_id, position);
create index if not exists audit_log_by_request on audit_log (request_id, position) where request_id <> correlation_id;
create index if not exists audit_log_by_client on audit_log (client_id, position) where client_id is not null;
create index if not exists audit_log_by_action on audit_log (action, position);
create index if not exists audit_log_by_actor on audit_log (actor, position);
create index if not exists audit_log_by_outcome on audit_log (outcome, position) where outcome <> 'succeeded';
create index if not exists audit_log_by_time on audit_log (occurred_at_us);
