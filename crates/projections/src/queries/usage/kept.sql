-- Since when each of two grains is kept. Uses the primary keys, which begin with the time.
select (select min(start_s) from {fine}) as fine_s,
       (select min(start_s) from {coarse}) as coarse_s
