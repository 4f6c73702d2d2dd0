-- Sends deliveries again that have ended or are held. Uses the primary key.
update deliveries
   set state = 'pending', due_at_us = $2, failures = 0, ended_at_us = null, lease = null, leased_until_us = null,
       gathered_into = null
 where entry_no in (select value::bigint from json_array_elements_text($1::json)) and state in ('held', 'delivered', 'dead', 'cancelled')
