-- Says of deliveries that are given up untried why they are. Uses the primary key.
insert into attempts (delivery_id, attempt_no, at_us, outcome, error)
select delivery_id, attempts + 1, $2, 'dead', $3 from deliveries
 where entry_no in (select value from json_each($1)) and state = 'held'
