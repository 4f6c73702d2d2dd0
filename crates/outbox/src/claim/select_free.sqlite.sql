-- Endpoints of which deliveries are behind, and how many more of each may be in flight. Uses deliveries_behind, an entry an endpoint,
-- and deliveries_leased.
with recursive lanes as (
    select min(endpoint_id) as endpoint_id from deliveries where state = 'pending' and behind = 1
    union all
    select (select min(deliveries.endpoint_id) from deliveries
             where state = 'pending' and behind = 1 and deliveries.endpoint_id > lanes.endpoint_id)
      from lanes
     where lanes.endpoint_id is not null
), busy as (
    select endpoint_id, count(*) as in_flight from deliveries indexed by deliveries_leased
     where leased_until_us > $1 and endpoint_id is not null
     group by endpoint_id
)
select lanes.endpoint_id, $2 - coalesce(in_flight, 0) as slots
  from lanes left join busy on busy.endpoint_id = lanes.endpoint_id
 where lanes.endpoint_id is not null and coalesce(in_flight, 0) < $2
 order by lanes.endpoint_id
