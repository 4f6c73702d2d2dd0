-- Puts a checkpoint before the first batch and leaves the rows: what comes again is known by its sequence. Safe to
-- repeat. Uses the primary key.
insert into checkpoints (name, version, position, leaf) values ($1, $2, 0, '')
    on conflict (name) do update set version = excluded.version, position = 0, leaf = '', halted = null
