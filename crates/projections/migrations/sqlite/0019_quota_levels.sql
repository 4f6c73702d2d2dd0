-- How much of a calendar quota each node has used, by counter, window and epoch. The sum over a series is the use of the quota;
-- rows go some time after their window.
create table quota_levels (
    -- The series and the node.
    level_key        text primary key,
    -- The counter's name, its window and its epoch.
    series           text not null,
    node             text not null,
    policy_id        text not null,
    policy_revision  integer not null,
    limit_name       text not null,
    environment      text not null,
    counting         text not null constraint quota_levels_counting_is_known
                     check (counting in ('client', 'key', 'shared')),
    client_id        text,
    key_id           text,
    route_id         text,
    window_start_us  integer not null,
    window_end_us    integer not null,
    epoch            integer not null,
    used             integer not null,
    allowed          integer not null,
    -- The batch that told it last.
    batch_no         integer not null,
    forget_at_us     integer not null,
    constraint quota_levels_windows_end check (window_end_us > window_start_us)
) strict;
create index quota_levels_by_batch on quota_levels (batch_no, series);
create index quota_levels_by_series on quota_levels (series);
create index quota_levels_by_end on quota_levels (forget_at_us);
