-- The number of an aggregate's events. Uses the unique index on (aggregate_type, aggregate_id, sequence).
select coalesce(max(sequence), 0) from events where aggregate_type = ?1 and aggregate_id = ?2
