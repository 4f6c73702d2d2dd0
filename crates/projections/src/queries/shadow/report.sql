-- Calls that policies in shadow were asked about in a half-open time span, by window and dimensions, the ones not asked
-- for being constant. Conditions, grouping, order and limit follow. Uses the primary key, or usage_shadow_by_policy for
-- one policy.
select {window} as window_s,
       {policy_id} as policy_id,
       {revision} as revision,
       {limit_name} as limit_name,
       {client_id} as client_id,
       {route_id} as route_id,
       {environment} as environment,
       cast(sum(calls) as bigint) as calls,
       cast(sum(refused) as bigint) as refused
  from usage_shadow
 where start_s >= $1
   and start_s < $2
