-- Puts a checkpoint before the first event, under the version of the rules that will move it. Safe to repeat.
-- Uses the primary key.
insert into checkpoints (name, version, position, leaf) values ($1, $2, 0, '')
    on conflict (name) do update set version = excluded.version, position = 0, leaf = '', halted = null
