-- Moves a checkpoint that is where it was left, and none that somebody else has moved. Uses the primary key.
update checkpoints set position = $1 where name = $2 and position = $3
