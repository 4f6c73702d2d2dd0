-- How much of a calendar quota each node has used, by counter, window and epoch. The sum over a series is the use of the quota;
-- rows go some time after their window.
create table quota_levels (
    -- The series and the node.
    level_key        text collate "C" primary key,
    -- The counter's name, its window and its epoch.
    series           text collate "C" not null,
    node             text collate "C" not null,
    policy_id        text collate "C" not null,
    policy_revision  bigint not null,
    limit_name       text collate "C" not null,
    environment      text collate "C" not null,
    counting         text collate "C" not null constraint quota_levels_counting_is_known
                     check (counting in ('client', 'key', 'shared')),
    client_id        text collate "C",
    key_id           text collate "C",
    route_id         text collate "C",
    window_start_us  bigint not null,
    window_end_us    bigint not null,
    epoch            bigint not null,
    used             bigint not null,
    allowed          bigint not null,
    -- The batch that told it last.
    batch_no         bigint not null,
    forget_at_us     bigint not null,
    constraint quota_levels_windows_end check (window_end_us > window_start_us)
);
create index quota_levels_by_batch on quota_levels (batch_no, series);
create index quota_levels_by_series on quota_levels (series);
create index quota_levels_by_end on quota_levels (forget_at_us);
