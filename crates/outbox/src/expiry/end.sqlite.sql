-- Gives deliveries up that are held. Uses the primary key.
update deliveries set state = 'dead', attempts = attempts + 1, ended_at_us = $2, lease = null, leased_until_us = null
 where entry_no in (select value from json_each($1)) and state = 'held'
