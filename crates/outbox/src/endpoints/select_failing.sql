-- Endpoints that fail, the longest first. Reads the whole table: a row an endpoint.
select endpoint_id, state, consecutive_failures, failing_since_us, last_success_us, last_failure_us
  from endpoints
 where consecutive_failures > 0 and state <> 'removed'
 order by failing_since_us, endpoint_id
 limit $1
