-- How many rows of seconds there are in a half-open time span, counted up to a limit. Conditions and the limit follow. Uses the
-- primary key.
select count(*) as rows_found
  from (
select 1 as one
  from usage_second
 where start_s >= $1
   and start_s < $2
