-- What gateways counted, as it arrived: the embedded stand-in for the stream TOLLGATE_USAGE. A batch is named by
-- (node, boot, sequence); the second delivery of one is refused by the key and counts as delivered.
create table usage_batches (
    batch_no  integer primary key autoincrement,
    node      text    not null,
    boot      text    not null,
    sequence  integer not null,
    body      text    not null,
    unique (node, boot, sequence)
);

-- The gateway's counters at its last flush, written with the batch that they agree with.
create table gateway_counters (
    counter_key  text primary key,
    state        text not null
) without rowid;
