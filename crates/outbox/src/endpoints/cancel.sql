-- Cancels what waits for an endpoint, so many at once. One in flight keeps its lease, so that a delivery that still comes is known.
-- Uses deliveries_by_endpoint.
update deliveries set state = 'cancelled', ended_at_us = $2
 where entry_no in (
    select entry_no from deliveries where endpoint_id = $1 and state in ('pending', 'held', 'gathered') limit $3)
   and state in ('pending', 'held', 'gathered')
