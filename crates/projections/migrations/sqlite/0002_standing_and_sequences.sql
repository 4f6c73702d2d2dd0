-- Why a projection goes no further, and the process that moves it: kept where every instance can read them.
alter table checkpoints add column halted text;
alter table checkpoints add column owner text;

-- The last batch of each run of each gateway that is counted: one that arrives again under another number is
-- known by it.
create table usage_sequences (
    node      text    not null,
    boot      text    not null,
    sequence  integer not null constraint usage_sequences_sequence_from_zero check (sequence >= 0),
    primary key (node, boot)
) strict, without rowid;
