-- Drops the attempts of deliveries that are dropped. Uses the primary keys.
delete from attempts
 where delivery_id in (select delivery_id from deliveries where entry_no in (select value::bigint from json_array_elements_text($1::json)) and ended_at_us is not null)
