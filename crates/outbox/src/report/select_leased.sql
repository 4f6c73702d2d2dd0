-- A delivery whose lease is the given one, cancelled meanwhile or not. Uses deliveries' unique delivery_id.
select deliveries.message_id, endpoint_id, state, kind
  from deliveries join messages on messages.message_id = deliveries.message_id
 where delivery_id = $1 and lease = $2
