-- Makes the primary key of its index, and has all that is written from here on checked again. What the rebuild has written
-- is the log's own JSON.
alter table audit_log add constraint audit_log_pkey primary key using index audit_log_pkey,
    add constraint audit_log_data_is_json check (data::json is not null) not valid;
