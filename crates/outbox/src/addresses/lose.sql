-- Takes their address from deliveries, so many at once, and cancels those that have not ended. Uses deliveries_by_lowered_address.
update deliveries
   set address = null, digest_key = null, ended_at_us = coalesce(ended_at_us, $2),
       state = case when state in ('pending', 'held', 'gathered') then 'cancelled' else state end
 where entry_no in (select entry_no from deliveries where address is not null and lower(address) = lower($1) order by entry_no limit $3)
