-- A lighter index for the audit log: all are written with every entry, and made again by a rebuild. Of most entries the
-- request is the correlation, whose index has them.
drop index audit_log_by_request;
create index audit_log_by_request on audit_log (request_id, position) where request_id <> correlation_id;
