-- Calls that met limits in a half-open time span, by the second. Conditions follow, then the place to go on behind. Uses the primary
-- key.
select start_s, client_id, key_id, route_id, environment, calls
  from usage_second
 where start_s >= $1
   and start_s < $2
