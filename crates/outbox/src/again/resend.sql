-- Sends a delivery again, by itself though it was in a digest. A lease that is still held on it ends. Uses deliveries' unique
-- delivery_id.
update deliveries
   set state = 'pending', due_at_us = $2, failures = 0, ended_at_us = null, lease = null, leased_until_us = null,
       gathered_into = null
 where delivery_id = $1
