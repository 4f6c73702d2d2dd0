-- The last position. Uses log's primary key.
select coalesce(max(position), 0) from log
