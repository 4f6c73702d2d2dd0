-- How far the log was handed over. Uses the primary key.
select position from checkpoints where name = $1
