-- The calls of each window and outcome of one grain, in a half-open time span. Uses the primary key, which begins with the time.
select start_s, outcome, cast(sum(calls) as bigint) as calls
  from {table}
 where start_s >= $1
   and start_s < $2
 group by start_s, outcome
 order by start_s, outcome
