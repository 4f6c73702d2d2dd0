-- Calls of each key since a quarter of an hour. Uses the primary key.
select key_id, cast(sum(calls) as bigint) as calls
  from usage_quarter
 where start_s >= $1
   and key_id <> ''
 group by key_id
