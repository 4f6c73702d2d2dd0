-- Blanks what was answered to deliveries to an address, of as many as lose it next. Uses deliveries_by_lowered_address.
update attempts set answer = null
 where answer is not null
   and delivery_id in (
    select delivery_id from deliveries where address is not null and lower(address) = lower($1) order by entry_no limit $2)
