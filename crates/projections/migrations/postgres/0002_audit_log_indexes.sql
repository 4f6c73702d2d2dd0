-- Lighter indexes for the audit log: all are written with every entry, and made again by a rebuild.

-- Entries come in the order of their times, or nearly: a few bytes for each hundred pages say which have which.
drop index audit_log_by_time;
create index audit_log_by_time on audit_log using brin (occurred_at_us) with (autosummarize = on);

-- Of most entries the request is the correlation, whose index has them.
drop index audit_log_by_request;
create index audit_log_by_request on audit_log (request_id, position) where request_id <> correlation_id;
