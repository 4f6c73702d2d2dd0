-- Calls of each route by what became of them, and how many clients made them. Conditions and grouping follow.
select route_id,
       (select named.name from route_directory named where named.route_id = counted.route_id) as name,
       cast(sum(case when outcome = 'allowed' then calls else 0 end) as bigint) as allowed,
       cast(sum(case when outcome = 'rate_limited' then calls else 0 end) as bigint) as rate_limited,
       cast(sum(case when outcome = 'quota_exceeded' then calls else 0 end) as bigint) as quota_exceeded,
       cast(sum(case when outcome = 'unauthenticated' then calls else 0 end) as bigint) as unauthenticated,
       cast(sum(case when outcome = 'forbidden' then calls else 0 end) as bigint) as forbidden,
       cast(sum(calls) as bigint) as total,
       count(distinct nullif(client_id, '')) as clients
  from {counted}
 where start_s >= $1
   and start_s < $2
