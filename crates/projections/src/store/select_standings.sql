-- How far every projection has got and what halts it: a handful of rows.
select name, version, position, leaf, halted from checkpoints
