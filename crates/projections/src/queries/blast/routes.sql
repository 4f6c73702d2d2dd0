-- The routes that those selected have called since a time, the busiest first, one more than asked for. Uses the indexes
-- of calls.sql, and the primary key of the routes.
select u.route_id, r.name, u.calls
  from (select route_id, cast(sum(calls) as bigint) as calls
          from usage_quarter
         where start_s >= $1
           and route_id <> ''
           and ({selected})
         group by route_id
         order by calls desc, route_id
         limit {rows}) u
  left join route_directory r on r.route_id = u.route_id
 order by u.calls desc, u.route_id
