-- Active routes that were defined before a time and not called since; conditions, order and limit follow. Uses the primary
-- keys.
select r.route_id, r.status, r.spec, r.version, r.position, r.defined_at_us, r.updated_at_us, u.last_used_at_us
  from route_directory r
  left join route_last_used u on u.route_id = r.route_id
 where r.status = 'active'
   and r.defined_at_us < $1
   and (u.last_used_at_us is null or u.last_used_at_us < $1)
