-- Where an imported key comes from, and what a leaked one stands under.
alter table key_directory add column source text;
alter table key_directory add column external_id text;
alter table key_directory add column quarantined_version integer;
alter table key_directory add column quarantined_at_us integer;
alter table key_directory add column leak_id text;

create table operation_directory (
    operation_id       text primary key,
    kind               text not null,
    status             text not null constraint operation_directory_status_is_known
                       check (status in ('planned', 'running', 'finished', 'cancelled')),
    -- Of an import: the system that the keys come from.
    source             text,
    reason             text,
    ordered_by         text not null,
    node               text,
    items_total        integer not null,
    items_done         integer not null constraint operation_directory_done_is_within_total
                       check (items_done between 0 and items_total),
    applied            integer not null,
    unchanged          integer not null,
    refused            integer not null,
    cancelled_because  text,
    version            integer not null,
    position           integer not null,
    planned_at_us      integer not null,
    started_at_us      integer,
    ended_at_us        integer,
    updated_at_us      integer not null
) strict, without rowid;
create index operation_directory_by_status on operation_directory (status, operation_id);

-- What became of each item; its id is the operation's with a number that sorts.
create table operation_items (
    item_id       text primary key,
    operation_id  text not null,
    number        integer not null,
    subject       text not null,
    key_id        text,
    result        text not null constraint operation_items_result_is_known
                  check (result in ('applied', 'unchanged', 'refused')),
    code          text,
    detail        text
) strict, without rowid;

-- There is no column for a secret or its digest here either.
create table leak_directory (
    leak_id         text primary key,
    key_id          text not null,
    secret_version  integer not null,
    receiver        text not null,
    source          text,
    url             text,
    action          text not null constraint leak_directory_action_is_known
                    check (action in ('revoked', 'quarantined', 'none')),
    position        integer not null,
    reported_at_us  integer not null
) strict, without rowid;
create index leak_directory_by_key on leak_directory (key_id, leak_id);
create index leak_directory_by_position on leak_directory (position);
