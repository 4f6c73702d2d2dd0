-- What is left of the personal values of a run of positions. Uses the primary keys of both tables.
select l.position, p.commitment, p.value
  from log l join personal_data p on p.event_no = l.event_no
 where l.position > $1 and l.position <= $2
