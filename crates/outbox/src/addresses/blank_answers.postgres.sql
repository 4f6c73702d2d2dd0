-- Blanks answers that contain a value, or are to deliveries to it. Reads the whole table: an erasure is rare.
update attempts set answer = null
 where answer is not null
   and (strpos(lower(answer), lower($1)) > 0
        or delivery_id in (select delivery_id from deliveries where lower(address) = lower($1)))
