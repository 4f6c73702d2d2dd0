-- Calls since a time of those selected. Uses the primary key, usage_quarter_by_client for clients and keys,
-- usage_quarter_by_route for routes.
select cast(coalesce(sum(calls), 0) as bigint) as calls,
       cast(coalesce(sum(case when outcome = 'allowed' then calls else 0 end), 0) as bigint) as allowed
  from usage_quarter
 where start_s >= $1
   and ({selected})
