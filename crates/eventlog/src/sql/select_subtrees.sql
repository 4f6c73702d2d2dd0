-- Hashes of complete subtrees of one level, side by side. Uses the primary key.
select hash from log_subtrees where level = $1 and node >= $2 and node < $3 order by node
