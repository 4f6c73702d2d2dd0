-- How an endpoint fares. Uses the primary key.
select endpoint_id, state, consecutive_failures, failing_since_us, last_success_us, last_failure_us
  from endpoints
 where endpoint_id = $1
