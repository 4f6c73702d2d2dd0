-- Empties the directory of keys and takes away what would be kept up to date with every row; the primary key stays,
-- by which rows are found.
set local lock_timeout = '2s';
truncate key_directory;
drop index if exists key_directory_by_client, key_directory_by_end, key_directory_by_expiry, key_directory_live,
    key_directory_endless, key_directory_scoped, key_directory_by_name, key_directory_by_issue, key_directory_by_update,
    key_directory_by_expiry_or_never, key_directory_by_overlap;
