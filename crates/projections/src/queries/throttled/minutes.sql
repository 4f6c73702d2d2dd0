-- Refused calls of a half-open time span by the minute, whichever key made them. Conditions follow, then runs.sql. Uses the primary
-- key, or usage_throttled_by_client for one client.
with minutes as (
select start_s, client_id, route_id, environment, policy_id, revision, kind, limit_name,
       sum(calls) as calls, min(first_at_us) as first_at_us, max(last_at_us) as last_at_us
  from usage_throttled
 where start_s >= $1
   and start_s < $2
