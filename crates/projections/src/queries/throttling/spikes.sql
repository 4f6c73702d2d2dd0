-- Callers that were refused often by their limits between two minutes, $1 and $2, those refused most first. Uses usage_minute's
-- primary key.
select client_id, environment,
       cast(sum(calls) as bigint) as calls,
       cast(sum(case when outcome in ('rate_limited', 'quota_exceeded') then calls else 0 end) as bigint) as refused
  from usage_minute
 where start_s >= $1
   and start_s < $2
   and client_id <> ''
 group by client_id, environment
having sum(case when outcome in ('rate_limited', 'quota_exceeded') then calls else 0 end) >= $3
 order by refused desc, client_id, environment
 limit $4
