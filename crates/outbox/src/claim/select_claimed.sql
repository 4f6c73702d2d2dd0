-- What was just leased, with what it tells. Uses deliveries_leased, and the primary key of messages.
select delivery_id, leased_until_us, attempts, failures, due_at_us, endpoint_id, address, deliveries.message_id, kind, type, subject,
       sequence, position, environment, team, client_id, body, messages.created_at_us
  from deliveries join messages on messages.message_id = deliveries.message_id
 where lease = $1 and leased_until_us = $2 and state = 'pending'
 order by case when attempts > 1 then 1 else 0 end, due_at_us, entry_no
