-- What is gathered for one digest, in order. Uses deliveries_by_address.
select delivery_id, deliveries.message_id, type, subject, position, environment, team, client_id, body, messages.created_at_us
  from deliveries join messages on messages.message_id = deliveries.message_id
 where address = $1 and digest_key = $2 and state = 'gathered' and gathered_into is null and due_at_us <= $3
 order by entry_no
 limit $4
