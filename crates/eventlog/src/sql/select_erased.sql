-- The values that erasures name, one or all, and that are still there. Uses the primary keys.
select distinct p.value
  from events e, json_each(e.payload, '$.values') v
  join log l on l.position = v.value ->> 'position'
  join personal_data p on p.event_no = l.event_no and p.commitment = v.value ->> 'commitment'
 where e.aggregate_type = 'erasure' and (?1 is null or e.aggregate_id = ?1)
