-- Where a delivery stands, and whether there is somebody it could go to. Uses deliveries' unique delivery_id.
select deliveries.state,
       case when endpoints.state = 'removed' or (deliveries.endpoint_id is null and address is null) then cast(0 as bigint)
            else cast(1 as bigint) end as reachable
  from deliveries left join endpoints on endpoints.endpoint_id = deliveries.endpoint_id
 where delivery_id = $1
