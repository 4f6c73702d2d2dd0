-- Holds what waits for an endpoint and is not in flight, so many at once. Uses deliveries_by_endpoint.
update deliveries set state = 'held', lease = null, leased_until_us = null
 where entry_no in (
    select entry_no from deliveries join messages on messages.message_id = deliveries.message_id
     where endpoint_id = $1 and state = 'pending' and (leased_until_us is null or leased_until_us <= $2)
       and kind not in ('verify', 'test')
     limit $3)
   and state = 'pending' and (leased_until_us is null or leased_until_us <= $2)
