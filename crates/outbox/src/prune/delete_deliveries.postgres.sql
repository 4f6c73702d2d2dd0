-- Drops deliveries that have ended. Uses the primary key.
delete from deliveries where entry_no in (select value::bigint from json_array_elements_text($1::json)) and ended_at_us is not null
