-- Calls of a half-open time span that were told late. Conditions, order and limit follow. Uses the primary key.
select start_s, batch_no, client_id, environment, node, flushed_at_us, calls
  from usage_corrections
 where start_s >= $1
   and start_s < $2
