 group by start_s, client_id, route_id, environment, policy_id, revision, kind, limit_name
),
-- Minutes on end have the same distance from their number.
numbered as (
select m.*, start_s - 60 * row_number() over (
           partition by client_id, route_id, environment, policy_id, revision, kind, limit_name order by start_s) as run
  from minutes m
),
runs as (
select client_id, route_id, environment, policy_id, revision, kind, limit_name, run, count(*) as minutes,
       sum(calls) as calls, min(first_at_us) as first_at_us, max(last_at_us) as last_at_us
  from numbered
 group by client_id, route_id, environment, policy_id, revision, kind, limit_name, run
)
select client_id, route_id, environment, policy_id, revision, kind, limit_name,
       (select p.name from policy_directory p where p.policy_id = runs.policy_id) as policy_name,
       cast(sum(calls) as bigint) as calls,
       min(first_at_us) as first_at_us,
       max(last_at_us) as last_at_us,
       max(first_at_us) as since_us,
       cast(max(minutes) as bigint) as longest
  from runs
 group by client_id, route_id, environment, policy_id, revision, kind, limit_name
 order by sum(calls) desc, client_id, route_id, environment, policy_id, revision, kind, limit_name
