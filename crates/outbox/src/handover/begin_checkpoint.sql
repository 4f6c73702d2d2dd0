-- Begins a checkpoint. Changes nothing where there is one.
insert into checkpoints (name, position) values ($1, $2) on conflict (name) do nothing
