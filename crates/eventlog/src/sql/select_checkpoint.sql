-- The newest signed statement of the log. Uses the primary key.
select identity, size, signed_at, root, note
  from checkpoints
 order by identity desc, size desc, signed_at desc
 limit 1
