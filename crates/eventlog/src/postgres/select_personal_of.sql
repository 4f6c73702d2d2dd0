-- What is left of one subject's personal values, all or those that are equal to one of a list. Uses personal_data_by_subject.
select l.position, p.subject, p.commitment, e.aggregate_type, e.aggregate_id
  from personal_data p
  join log l on l.event_no = p.event_no
  join events e on e.event_no = p.event_no
 where p.subject = $1
   and (cardinality($2::text[]) = 0 or p.value = any($2))
 order by l.position, p.commitment
 limit $3
