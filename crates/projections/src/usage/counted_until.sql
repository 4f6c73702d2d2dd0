-- The latest flush of all that was counted. Reads a row for each run of a gateway.
select max(flushed_at_us) as flushed_at_us
  from usage_sequences
