-- One at a time decides what is delivered to whom, until its transaction ends. All who ask share one server, so its own hash is
-- stable enough.
select pg_advisory_xact_lock(hashtextextended(current_schema() || ' outbox', 0))
