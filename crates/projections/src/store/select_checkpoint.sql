-- How far a projection has got. Uses the primary key.
select version, position, leaf from checkpoints where name = $1
