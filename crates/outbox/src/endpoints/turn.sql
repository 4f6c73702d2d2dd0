-- Opens, holds or removes an endpoint; one that is opened begins with a clean record. One that is removed stays so, whatever comes
-- late. Uses the primary key.
insert into endpoints (endpoint_id, state, consecutive_failures, failing_since_us, last_success_us, last_failure_us)
values ($1, $2, 0, null, null, null)
on conflict (endpoint_id) do update
   set state = excluded.state,
       consecutive_failures = case when excluded.state = 'open' then 0 else endpoints.consecutive_failures end,
       failing_since_us = case when excluded.state = 'open' then null else endpoints.failing_since_us end
 where endpoints.state <> 'removed'
