-- Makes due what an endpoint was held for, from the beginning of the schedule, so many at once. Uses deliveries_by_endpoint.
update deliveries set state = 'pending', due_at_us = $2, failures = 0
 where entry_no in (select entry_no from deliveries where endpoint_id = $1 and state = 'held' order by entry_no limit $3)
   and state = 'held'
