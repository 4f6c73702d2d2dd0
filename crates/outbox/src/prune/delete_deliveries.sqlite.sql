-- Drops deliveries that have ended. Uses the primary key.
delete from deliveries where entry_no in (select value from json_each($1)) and ended_at_us is not null
