-- Since when a grain is kept. Uses the primary key, which begins with the time.
select min(start_s) as first_s from {table}
