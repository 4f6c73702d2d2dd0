-- Takes their address from deliveries, and cancels those that have not ended. Reads the whole table: an erasure is rare.
update deliveries
   set address = null, digest_key = null, ended_at_us = coalesce(ended_at_us, $2),
       state = case when state in ('pending', 'held', 'gathered') then 'cancelled' else state end
 where lower(address) = lower($1)
