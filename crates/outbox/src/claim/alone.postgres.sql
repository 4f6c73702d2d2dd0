-- Has claims by one channel follow each other, until the end of the transaction. Two at once would each count what is in flight
-- without the other's, and claim twice as much for one endpoint.
select pg_advisory_xact_lock(hashtextextended('tollgate_outbox.claim.' || $1, 0))
