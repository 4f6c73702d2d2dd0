-- The latest minute since a time in which one of those selected was called. Uses the primary key backwards.
select start_s * 1000000 as last_used_at_us
  from usage_minute
 where start_s >= $1
   and ({selected})
 order by start_s desc
 limit 1
