-- The position of an event, if it has one yet. Uses log_event_no_key.
select position from log where event_no = $1
