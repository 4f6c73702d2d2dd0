-- Keys whose old secret needs a decision at $1: idle for as long as its rotation asked, or in use within $2 before and
-- with at most $2 to its end, which is not told of yet. Uses key_directory_by_overlap.
select k.key_id, k.previous_version, u.last_used_at_us
  from key_directory k
  left join key_last_used u on u.key_id = k.key_id and u.secret_version = k.previous_version
 where k.previous_until_us > $1
   and k.status in ('active', 'suspended')
   and (k.rotated_at_us + k.retire_when_idle_hours * 3600000000 <= $1
        and coalesce(u.last_used_at_us, 0) + k.retire_when_idle_hours * 3600000000 <= $1
     or k.still_busy is null and k.previous_until_us <= $1 + $2
        and u.last_used_at_us >= $1 - $2 and u.last_used_at_us > coalesce(k.rotated_at_us, 0))
