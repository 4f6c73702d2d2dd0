-- Moves a delivery on and ends its lease; nothing where the lease is another's. Uses deliveries' unique delivery_id.
update deliveries
   set state = $3, failures = failures + $4, due_at_us = coalesce($5, due_at_us), ended_at_us = $6, lease = null,
       leased_until_us = null
 where delivery_id = $1 and lease = $2
