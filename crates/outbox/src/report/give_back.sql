-- Ends a lease without a try; what was cancelled meanwhile stays so. Uses deliveries' unique delivery_id.
update deliveries
   set state = case when state = 'pending' then $3 else state end,
       ended_at_us = case when state = 'pending' then $4 else ended_at_us end,
       attempts = attempts - 1, lease = null, leased_until_us = null
 where delivery_id = $1 and lease = $2
