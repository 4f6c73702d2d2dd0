-- Notes a signed statement before anybody is shown it.
insert into checkpoints (identity, size, signed_at, root, note) values ($1, $2, $3, $4, $5)
