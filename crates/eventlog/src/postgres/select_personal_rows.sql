-- The personal values of a run of events with what proves them. Uses the primary key.
select event_no, commitment, subject, salt, value
  from personal_data
 where event_no between $1 and $2
 order by event_no, commitment collate "C"
