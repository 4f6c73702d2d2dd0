-- Notes the hash of a complete subtree. Safe to repeat.
insert into log_subtrees (level, node, hash)
select $1, $2, $3 where not exists (select 1 from log_subtrees where level = $1 and node = $2)
