-- Forgets the oldest day of a table before a moment. Safe to repeat. Uses the primary key, which begins with the time.
delete from {table}
 where start_s < $1
   and start_s < (select min(oldest.start_s) from {table} oldest) + 86400
