-- Attempts of a delivery. Uses the primary key.
select attempt_no, at_us, outcome, status, latency_ms, answer, error from attempts
 where 1 = 1
