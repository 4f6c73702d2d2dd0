-- What lists can be sorted by, the key behind it: a page is read from the index, not found by sorting everything.
create index client_directory_by_name on client_directory (name_folded, client_id);
create index client_directory_by_registration on client_directory (registered_at_us, client_id);
create index client_directory_by_update on client_directory (updated_at_us, client_id);
create index client_directory_by_team on client_directory (owner_team, client_id);
create index key_directory_by_name on key_directory (name, key_id);
create index key_directory_by_issue on key_directory (issued_at_us, key_id);
create index key_directory_by_update on key_directory (updated_at_us, key_id);
-- Keys without an expiry come last.
create index key_directory_by_expiry_or_never on key_directory (coalesce(expires_at_us, 9223372036854775807), key_id);
create index route_directory_by_name on route_directory (name_folded, route_id);
create index route_directory_by_path on route_directory (shape, route_id);
create index route_directory_by_definition on route_directory (defined_at_us, route_id);
create index route_directory_by_update on route_directory (updated_at_us, route_id);
create index policy_directory_by_name on policy_directory (name_folded, policy_id);
create index policy_directory_by_definition on policy_directory (defined_at_us, policy_id);
create index policy_directory_by_update on policy_directory (updated_at_us, policy_id);
create index assignment_directory_by_assignment on assignment_directory (assigned_at_us, assignment_id);
