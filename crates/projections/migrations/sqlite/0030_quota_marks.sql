-- When quotas filled: of each series of levels and each limit, when all nodes together first passed each whole percentage.
create table quota_marks (
    -- The series and what was allowed.
    mark_key         text primary key,
    series           text not null,
    policy_id        text not null,
    policy_revision  integer not null,
    limit_name       text not null,
    environment      text not null,
    counting         text not null constraint quota_marks_counting_is_known
                     check (counting in ('client', 'key', 'shared')),
    client_id        text,
    key_id           text,
    route_id         text,
    window_start_us  integer not null,
    window_end_us    integer not null,
    allowed          integer not null,
    -- A list in JSON: percentage, time, use by then.
    steps            text not null,
    last_at_us       integer not null
) strict;
create index quota_marks_by_series on quota_marks (series);
create index quota_marks_by_time on quota_marks (last_at_us, mark_key);
