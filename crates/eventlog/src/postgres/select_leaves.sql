-- Leaf hashes in the log's order. Uses log's primary key.
select leaf_hash from log where position > $1 and position <= $2 order by position
