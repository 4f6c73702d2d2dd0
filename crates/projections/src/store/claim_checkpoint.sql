-- Says who moves a checkpoint from now on; what halted it before is to be tried again. Safe to repeat. Uses the
-- primary key.
update checkpoints set owner = $1, halted = null where name = $2
