-- How many decisions were left out; conditions follow. Uses decisions_left_out_by_time.
select cast(coalesce(sum(proven), 0) as bigint) as proven,
       cast(coalesce(sum(unproven), 0) as bigint) as unproven
  from decisions_left_out
 where 1 = 1
