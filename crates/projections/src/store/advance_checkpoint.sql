-- Moves a checkpoint on. Changes no row when it is not where the mover left it: then someone else moves it, and
-- the whole transaction must go. Uses the primary key. (SQLite counts `$n` by their first appearance.)
update checkpoints set position = $1, leaf = $2, halted = null where name = $3 and version = $4 and position = $5
