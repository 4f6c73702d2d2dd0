-- Counts a failure of an endpoint; it fails since the first after a success. Uses the primary key.
insert into endpoints (endpoint_id, state, consecutive_failures, failing_since_us, last_success_us, last_failure_us)
values ($1, 'open', 1, $2, null, $2)
on conflict (endpoint_id) do update
   set consecutive_failures = endpoints.consecutive_failures + 1,
       failing_since_us = coalesce(endpoints.failing_since_us, excluded.failing_since_us),
       last_failure_us = excluded.last_failure_us
returning endpoint_id, state, consecutive_failures, failing_since_us, last_success_us, last_failure_us
