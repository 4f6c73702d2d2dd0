-- Deliveries with what they tell and how their last try went. Uses deliveries' indexes by endpoint, state, message or time, messages_by_position,
-- and the primary keys of messages and attempts.
select entry_no, deliveries.delivery_id, deliveries.message_id, kind, type, subject, sequence, position, environment, team, client_id,
       channel, endpoint_id, address, state, deliveries.attempts, failures, due_at_us, leased_until_us, deliveries.created_at_us, ended_at_us,
       status, error
  from deliveries
  join messages on messages.message_id = deliveries.message_id
  left join attempts on attempts.delivery_id = deliveries.delivery_id and attempts.attempt_no = deliveries.attempts
 where 1 = 1
