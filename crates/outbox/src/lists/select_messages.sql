-- Messages, with what notices were told for. Uses the primary key, messages_by_time or messages_by_client, and
-- notice_marks_by_message.
select messages.message_id, kind, type, messages.subject, sequence, position, environment, team, client_id, body, created_at_us,
       rule_id, window_key, threshold
  from messages left join notice_marks on notice_marks.message_id = messages.message_id and told = 1
 where 1 = 1
