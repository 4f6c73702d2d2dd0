-- Allowed calls of some clients on some days, by route; conditions and grouping follow. Uses the primary key.
select client_id as holder, route_id, cast(sum(calls) as bigint) as calls
  from allowed_day
 where day_s >= $1
   and day_s < $2
