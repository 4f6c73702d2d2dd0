-- The last use of each secret version of a key. Uses the primary key.
select secret_version, last_used_at_us
  from key_last_used
 where key_id = $1
