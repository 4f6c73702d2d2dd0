-- Up to which leaf there are hashes of subtrees, in subtrees of the lowest level. Uses the primary key.
select coalesce(max(node) + 1, 0) from log_subtrees where level = 8
