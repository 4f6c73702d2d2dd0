-- What an endpoint is told. Uses deliveries_of_endpoint, the primary key of messages and notice_marks_by_message.
select entry_no, delivery_id, messages.message_id, kind, type, messages.subject, sequence, position, environment, team, client_id,
       body, messages.created_at_us, rule_id, window_key, threshold
  from deliveries
  join messages on messages.message_id = deliveries.message_id
  left join notice_marks on notice_marks.message_id = messages.message_id and told = 1
 where kind in ('event', 'notice')
