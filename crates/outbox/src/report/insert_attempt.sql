-- Keeps an attempt, once by its number, of a delivery that is there.
insert into attempts (delivery_id, attempt_no, at_us, outcome, status, latency_ms, answer, error)
select $1, $2, $3, $4, $5, $6, $7, $8
 where exists (select 1 from deliveries where delivery_id = $1)
on conflict (delivery_id, attempt_no) do nothing
