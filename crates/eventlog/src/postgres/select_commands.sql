-- Commands by their keys, up to a position in the log; in the order that the database sorts texts in, which is the
-- primary key's. One that rests on no event has no position: zero. Uses commands_pkey and log_event_no_key.
select c.command_key, c.request_digest, c.aggregate_type, c.aggregate_id, c.version,
       coalesce(l.position, 0) as position,
       (extract(epoch from c.recorded_at) * 1000000)::bigint as recorded_at_us
  from commands c left join log l using (event_no)
 where c.command_key > $1 and (c.event_no = 0 or l.position <= $2)
 order by c.command_key
 limit $3
