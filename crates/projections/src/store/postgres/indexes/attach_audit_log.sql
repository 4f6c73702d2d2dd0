-- Makes the primary key of its index.
alter table audit_log add constraint audit_log_pkey primary key using index audit_log_pkey;
