-- Keys with the last use of any of their secret versions and of the one before the newest; conditions, order and
-- limit follow. Uses the primary key for one key and for paging, key_directory_by_client, key_directory_by_end.
select k.key_id, k.client_id, k.name, k.environment, k.scopes, k.status, k.secret_version, k.hint,
       k.previous_version, k.previous_hint, k.previous_until_us, k.rotated_at_us, k.retire_when_idle_hours, k.still_busy,
       k.not_before_us, k.expires_at_us, k.revoke_at_us,
       k.allowed_cidrs, k.version, k.position, k.issued_at_us, k.updated_at_us,
       k.source, k.external_id, k.quarantined_version, k.quarantined_at_us, k.leak_id,
       (select max(u.last_used_at_us) from key_last_used u where u.key_id = k.key_id) as last_used_at_us,
       (select p.last_used_at_us from key_last_used p
         where p.key_id = k.key_id and p.secret_version = k.previous_version) as previous_last_used_at_us
  from key_directory k
 where 1 = 1
