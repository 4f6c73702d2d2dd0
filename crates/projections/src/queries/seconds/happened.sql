-- What became of calls that met limits in a half-open time span of whole minutes: those of clients that were known, by a secret or without
-- one. Conditions follow, then the grouping. Uses the primary key.
select client_id, route_id, environment,
       cast(sum(case when outcome = 'allowed' then calls else 0 end) as bigint) as allowed,
       cast(sum(case when outcome = 'allowed' then 0 else calls end) as bigint) as refused
  from usage_minute
 where start_s >= $1
   and start_s < $2
   and client_id <> ''
   and outcome in ('allowed', 'rate_limited', 'quota_exceeded')
