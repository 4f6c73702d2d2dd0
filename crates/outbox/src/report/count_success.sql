-- Counts a success of an endpoint: it fails no more. Uses the primary key.
insert into endpoints (endpoint_id, state, consecutive_failures, failing_since_us, last_success_us, last_failure_us)
values ($1, 'open', 0, null, $2, null)
on conflict (endpoint_id) do update
   set consecutive_failures = 0, failing_since_us = null, last_success_us = excluded.last_success_us
returning endpoint_id, state, consecutive_failures, failing_since_us, last_success_us, last_failure_us
