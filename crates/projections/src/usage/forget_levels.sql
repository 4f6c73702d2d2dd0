-- Forgets levels of quotas whose time was over by a moment, at most so many. Safe to repeat. Uses quota_levels_by_end.
delete from quota_levels
 where level_key in (select level_key from quota_levels where forget_at_us <= $1 order by forget_at_us limit $2)
