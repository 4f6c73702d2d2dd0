-- Allowed calls of one key on some days, by route; grouping follows. Uses the primary key, once for each day.
select key_id as holder, route_id, cast(sum(calls) as bigint) as calls
  from allowed_day
 where client_id = $1
   and day_s in ({days})
   and key_id = $2
