-- What reports are made of: days that outlive the quarters they are sums of, seconds for a what-if, the limits that refused,
-- what became of calls, and what came late.
create table usage_day (
    start_s         integer not null constraint usage_day_starts_a_day check (start_s % 86400 = 0),
    client_id       text not null,
    key_id          text not null,
    secret_version  integer not null,
    route_id        text not null,
    environment     text not null,
    outcome         text not null,
    calls           integer not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome)
) strict, without rowid;
create index usage_day_by_client on usage_day (client_id, start_s);

insert into usage_day (start_s, client_id, key_id, secret_version, route_id, environment, outcome, calls)
select start_s / 86400 * 86400, client_id, key_id, secret_version, route_id, environment, outcome, sum(calls)
  from usage_quarter
 group by 1, 2, 3, 4, 5, 6, 7;

-- Calls that met limits: what a candidate policy is tried on.
create table usage_second (
    start_s      integer not null,
    client_id    text not null,
    key_id       text not null,
    route_id     text not null,
    environment  text not null,
    calls        integer not null,
    primary key (start_s, client_id, key_id, route_id, environment)
) strict, without rowid;

-- Calls by the limit that refused them; one that two limits refused is in the rows of both.
create table usage_throttled (
    start_s      integer not null constraint usage_throttled_starts_a_minute check (start_s % 60 = 0),
    client_id    text not null,
    key_id       text not null,
    route_id     text not null,
    environment  text not null,
    policy_id    text not null,
    revision     integer not null,
    kind         text not null constraint usage_throttled_kind_is_known check (kind in ('rate', 'quota')),
    limit_name   text not null,
    calls        integer not null,
    first_at_us  integer not null,
    last_at_us   integer not null,
    primary key (start_s, client_id, key_id, route_id, environment, policy_id, revision, kind, limit_name)
) strict, without rowid;
create index usage_throttled_by_client on usage_throttled (client_id, start_s);

create table answers_minute (
    start_s         integer not null constraint answers_minute_starts_a_minute check (start_s % 60 = 0),
    client_id       text not null,
    key_id          text not null,
    secret_version  integer not null,
    route_id        text not null,
    environment     text not null,
    outcome         text not null,
    status          text not null constraint answers_minute_status_is_known
                    check (status in ('none', '1xx', '2xx', '3xx', '4xx', '5xx')),
    calls           integer not null,
    upstream_errors integer not null,
    request_bytes   integer not null,
    response_bytes  integer not null,
    duration_us     integer not null,
    -- Calls of each bucket of the histogram of times.
    d00 integer not null, d01 integer not null, d02 integer not null, d03 integer not null,
    d04 integer not null, d05 integer not null, d06 integer not null, d07 integer not null,
    d08 integer not null, d09 integer not null, d10 integer not null, d11 integer not null,
    d12 integer not null, d13 integer not null, d14 integer not null, d15 integer not null,
    d16 integer not null, d17 integer not null, d18 integer not null, d19 integer not null,
    d20 integer not null, d21 integer not null, d22 integer not null, d23 integer not null,
    d24 integer not null, d25 integer not null, d26 integer not null, d27 integer not null,
    d28 integer not null, d29 integer not null, d30 integer not null, d31 integer not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome, status)
) strict, without rowid;

create table answers_quarter (
    start_s         integer not null constraint answers_quarter_starts_a_quarter check (start_s % 900 = 0),
    client_id       text not null,
    key_id          text not null,
    secret_version  integer not null,
    route_id        text not null,
    environment     text not null,
    outcome         text not null,
    status          text not null constraint answers_quarter_status_is_known
                    check (status in ('none', '1xx', '2xx', '3xx', '4xx', '5xx')),
    calls           integer not null,
    upstream_errors integer not null,
    request_bytes   integer not null,
    response_bytes  integer not null,
    duration_us     integer not null,
    -- Calls of each bucket of the histogram of times.
    d00 integer not null, d01 integer not null, d02 integer not null, d03 integer not null,
    d04 integer not null, d05 integer not null, d06 integer not null, d07 integer not null,
    d08 integer not null, d09 integer not null, d10 integer not null, d11 integer not null,
    d12 integer not null, d13 integer not null, d14 integer not null, d15 integer not null,
    d16 integer not null, d17 integer not null, d18 integer not null, d19 integer not null,
    d20 integer not null, d21 integer not null, d22 integer not null, d23 integer not null,
    d24 integer not null, d25 integer not null, d26 integer not null, d27 integer not null,
    d28 integer not null, d29 integer not null, d30 integer not null, d31 integer not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome, status)
) strict, without rowid;
create index answers_quarter_by_client on answers_quarter (client_id, start_s);

create table answers_day (
    start_s         integer not null constraint answers_day_starts_a_day check (start_s % 86400 = 0),
    client_id       text not null,
    key_id          text not null,
    secret_version  integer not null,
    route_id        text not null,
    environment     text not null,
    outcome         text not null,
    status          text not null constraint answers_day_status_is_known
                    check (status in ('none', '1xx', '2xx', '3xx', '4xx', '5xx')),
    calls           integer not null,
    upstream_errors integer not null,
    request_bytes   integer not null,
    response_bytes  integer not null,
    duration_us     integer not null,
    -- Calls of each bucket of the histogram of times.
    d00 integer not null, d01 integer not null, d02 integer not null, d03 integer not null,
    d04 integer not null, d05 integer not null, d06 integer not null, d07 integer not null,
    d08 integer not null, d09 integer not null, d10 integer not null, d11 integer not null,
    d12 integer not null, d13 integer not null, d14 integer not null, d15 integer not null,
    d16 integer not null, d17 integer not null, d18 integer not null, d19 integer not null,
    d20 integer not null, d21 integer not null, d22 integer not null, d23 integer not null,
    d24 integer not null, d25 integer not null, d26 integer not null, d27 integer not null,
    d28 integer not null, d29 integer not null, d30 integer not null, d31 integer not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome, status)
) strict, without rowid;

-- Calls that were told after their quarter of an hour was closed. They are in the other tables, in their own time.
create table usage_corrections (
    start_s        integer not null constraint usage_corrections_starts_a_quarter check (start_s % 900 = 0),
    batch_no       integer not null,
    client_id      text not null,
    environment    text not null,
    node           text not null,
    flushed_at_us  integer not null,
    calls          integer not null,
    primary key (start_s, batch_no, client_id, environment)
) strict, without rowid;

alter table usage_sequences add column flushed_at_us integer not null default 0;
