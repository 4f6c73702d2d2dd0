-- Says why a projection goes no further, where every instance reads it. Changes no row when someone else has moved it
-- on meanwhile. Uses the primary key.
update checkpoints set halted = $1 where name = $2 and position = $3
