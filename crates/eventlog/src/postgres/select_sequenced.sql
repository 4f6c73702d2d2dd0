-- Positions given since the one that is known, in order. Uses log's primary key.
select position, event_no from log where position > $1 order by position limit $2
