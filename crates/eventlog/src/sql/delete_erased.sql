-- Deletes what erasures name, one or all. Uses the primary keys.
delete from personal_data
 where (event_no, commitment) in (
       select l.event_no, v.value ->> 'commitment'
         from events e, json_each(e.payload, '$.values') v
         join log l on l.position = v.value ->> 'position'
        where e.aggregate_type = 'erasure' and (?1 is null or e.aggregate_id = ?1))
