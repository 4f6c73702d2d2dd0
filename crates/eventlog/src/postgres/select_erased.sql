-- The values that erasures name, one or all, and that are still there. Uses the primary keys.
select distinct p.value
  from events e
 cross join lateral json_to_recordset(e.payload -> 'values') as v(position bigint, commitment text)
  join log l on l.position = v.position
  join personal_data p on p.event_no = l.event_no and p.commitment = v.commitment
 where e.aggregate_type = 'erasure' and ($1::text is null or e.aggregate_id = $1)
