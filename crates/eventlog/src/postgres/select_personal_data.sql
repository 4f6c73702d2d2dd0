-- What is left of the personal values of a run of events. Uses the primary key.
select event_no, commitment, value from personal_data where event_no between $1 and $2
