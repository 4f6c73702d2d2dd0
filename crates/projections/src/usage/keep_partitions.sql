-- Makes the partitions that are needed from now on and drops those whose time is over. Safe to repeat.
select keep_usage($1, $2, $3, $4)
