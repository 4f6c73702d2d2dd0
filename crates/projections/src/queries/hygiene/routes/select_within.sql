-- The same for somebody who sees the calls of some clients: not called by these since a time, which is also given in seconds. Uses
-- the primary keys, and usage_quarter_by_route for routes that anybody has called since.
select r.route_id, r.status, r.spec, r.version, r.position, r.defined_at_us, r.updated_at_us,
       (select max(q.start_s) * 1000000 from usage_quarter q where q.route_id = r.route_id and {reach}) as last_used_at_us
  from route_directory r
  left join route_last_used u on u.route_id = r.route_id
 where r.status = 'active'
   and r.defined_at_us < $1
   and (u.last_used_at_us is null or u.last_used_at_us < $1
        or not exists (select 1 from usage_quarter q where q.route_id = r.route_id and q.start_s > $2 - 900 and {reach}))
