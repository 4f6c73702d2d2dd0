-- Takes the lock of a projection of this schema for the session, if it is free. All who ask share one server, so its
-- own hash is stable enough.
select pg_try_advisory_lock(hashtextextended(current_schema() || ' ' || $1, 0))
