-- Drops the attempts of deliveries that are dropped. Uses the primary keys.
delete from attempts
 where delivery_id in (select delivery_id from deliveries where entry_no in (select value from json_each($1)) and ended_at_us is not null)
