-- The indexes of the directory of keys as the migrations make them. Safe to repeat.
create index if not exists key_directory_by_client on key_directory (client_id, key_id);
create index if not exists key_directory_by_end on key_directory (ends_at_us) where ends_at_us is not null;
create index if not exists key_directory_by_expiry on key_directory (expires_at_us) where expires_at_us is not null;
create index if not exists key_directory_live on key_directory (key_id) where status in ('active', 'suspended');
create index if not exists key_directory_endless on key_directory (key_id)
    where expires_at_us is null and status in ('active', 'suspended');
create index if not exists key_directory_scoped on key_directory (key_id)
    where scopes is not null and status in ('active', 'suspended');
create index if not exists key_directory_by_name on key_directory (name, key_id);
create index if not exists key_directory_by_issue on key_directory (issued_at_us, key_id);
create index if not exists key_directory_by_update on key_directory (updated_at_us, key_id);
create index if not exists key_directory_by_expiry_or_never on key_directory (coalesce(expires_at_us, 9223372036854775807), key_id);
create index if not exists key_directory_by_overlap on key_directory (previous_until_us) where previous_until_us is not null;
