-- When quotas filled: of each series of levels and each limit, when all nodes together first passed each whole percentage.
create table quota_marks (
    -- The series and what was allowed.
    mark_key         text collate "C" primary key,
    series           text collate "C" not null,
    policy_id        text collate "C" not null,
    policy_revision  bigint not null,
    limit_name       text collate "C" not null,
    environment      text collate "C" not null,
    counting         text collate "C" not null constraint quota_marks_counting_is_known
                     check (counting in ('client', 'key', 'shared')),
    client_id        text collate "C",
    key_id           text collate "C",
    route_id         text collate "C",
    window_start_us  bigint not null,
    window_end_us    bigint not null,
    allowed          bigint not null,
    -- A list in JSON: percentage, time, use by then.
    steps            text collate "C" not null,
    last_at_us       bigint not null
);
create index quota_marks_by_series on quota_marks (series);
create index quota_marks_by_time on quota_marks (last_at_us, mark_key);
