-- What an operation writes to a file, how far it is, and the file once it is whole; both in JSON.
alter table operation_directory add column export text;
alter table operation_directory add column rows_written bigint not null default 0;
alter table operation_directory add column export_made text;
