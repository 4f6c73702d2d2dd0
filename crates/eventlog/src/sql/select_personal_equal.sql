-- What is left of the personal values that are equal to one of a list in JSON. No index knows values: it reads them all.
select l.position, p.subject, p.commitment, e.aggregate_type, e.aggregate_id
  from personal_data p
  join log l on l.event_no = p.event_no
  join events e on e.event_no = p.event_no
 where p.value in (select value from json_each(?1))
 order by l.position, p.commitment
 limit ?2
