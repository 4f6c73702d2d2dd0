-- Deletes what erasures name, one or all. Uses the primary keys.
delete from personal_data p
 using events e
 cross join lateral json_to_recordset(e.payload -> 'values') as v(position bigint, commitment text)
  join log l on l.position = v.position
 where e.aggregate_type = 'erasure' and ($1::text is null or e.aggregate_id = $1)
   and p.event_no = l.event_no and p.commitment = v.commitment
