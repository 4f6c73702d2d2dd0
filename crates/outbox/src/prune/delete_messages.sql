-- Drops messages that nobody is told any more. Uses messages_by_time and deliveries_by_message.
delete from messages
 where message_id in (
    select message_id from messages
     where created_at_us < $1 and not exists (select 1 from deliveries where deliveries.message_id = messages.message_id)
     limit $2)
