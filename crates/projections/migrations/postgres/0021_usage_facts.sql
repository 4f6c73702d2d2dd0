-- What reports are made of: days that outlive the quarters they are sums of, seconds for a what-if, the limits that refused,
-- what became of calls, and what came late. What is kept for a time lies in partitions, so that letting go of it is dropping a
-- table and not deleting a billion rows. What belongs to none of them (it came too late, or too early) lies in `_other`.
alter table usage_minute rename to usage_minute_before;
alter table usage_quarter rename to usage_quarter_before;
alter index usage_minute_pkey rename to usage_minute_before_pkey;
alter index usage_quarter_pkey rename to usage_quarter_before_pkey;
drop index usage_quarter_by_client;
drop index usage_quarter_by_route;

create table usage_minute (
    start_s         bigint not null constraint usage_minute_starts_a_minute check (start_s % 60 = 0),
    client_id       text collate "C" not null,
    key_id          text collate "C" not null,
    secret_version  bigint not null,
    route_id        text collate "C" not null,
    environment     text collate "C" not null,
    outcome         text collate "C" not null,
    calls           bigint not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome)
) partition by range (start_s);

create table usage_quarter (
    start_s         bigint not null constraint usage_quarter_starts_a_quarter check (start_s % 900 = 0),
    client_id       text collate "C" not null,
    key_id          text collate "C" not null,
    secret_version  bigint not null,
    route_id        text collate "C" not null,
    environment     text collate "C" not null,
    outcome         text collate "C" not null,
    calls           bigint not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome)
) partition by range (start_s);
create index usage_quarter_by_client on usage_quarter (client_id, start_s);
create index usage_quarter_by_route on usage_quarter (route_id, start_s);

create table usage_day (
    start_s         bigint not null constraint usage_day_starts_a_day check (start_s % 86400 = 0),
    client_id       text collate "C" not null,
    key_id          text collate "C" not null,
    secret_version  bigint not null,
    route_id        text collate "C" not null,
    environment     text collate "C" not null,
    outcome         text collate "C" not null,
    calls           bigint not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome)
);
create index usage_day_by_client on usage_day (client_id, start_s);

-- Calls that met limits: what a candidate policy is tried on.
create table usage_second (
    start_s      bigint not null,
    client_id    text collate "C" not null,
    key_id       text collate "C" not null,
    route_id     text collate "C" not null,
    environment  text collate "C" not null,
    calls        bigint not null,
    primary key (start_s, client_id, key_id, route_id, environment)
) partition by range (start_s);

-- Calls by the limit that refused them; one that two limits refused is in the rows of both.
create table usage_throttled (
    start_s      bigint not null constraint usage_throttled_starts_a_minute check (start_s % 60 = 0),
    client_id    text collate "C" not null,
    key_id       text collate "C" not null,
    route_id     text collate "C" not null,
    environment  text collate "C" not null,
    policy_id    text collate "C" not null,
    revision     bigint not null,
    kind         text collate "C" not null constraint usage_throttled_kind_is_known check (kind in ('rate', 'quota')),
    limit_name   text collate "C" not null,
    calls        bigint not null,
    first_at_us  bigint not null,
    last_at_us   bigint not null,
    primary key (start_s, client_id, key_id, route_id, environment, policy_id, revision, kind, limit_name)
) partition by range (start_s);
create index usage_throttled_by_client on usage_throttled (client_id, start_s);

create table answers_minute (
    start_s         bigint not null constraint answers_minute_starts_a_minute check (start_s % 60 = 0),
    client_id       text collate "C" not null,
    key_id          text collate "C" not null,
    secret_version  bigint not null,
    route_id        text collate "C" not null,
    environment     text collate "C" not null,
    outcome         text collate "C" not null,
    status          text collate "C" not null constraint answers_minute_status_is_known
                    check (status in ('none', '1xx', '2xx', '3xx', '4xx', '5xx')),
    calls           bigint not null,
    upstream_errors bigint not null,
    request_bytes   bigint not null,
    response_bytes  bigint not null,
    duration_us     bigint not null,
    -- Calls of each bucket of the histogram of times.
    d00 bigint not null, d01 bigint not null, d02 bigint not null, d03 bigint not null,
    d04 bigint not null, d05 bigint not null, d06 bigint not null, d07 bigint not null,
    d08 bigint not null, d09 bigint not null, d10 bigint not null, d11 bigint not null,
    d12 bigint not null, d13 bigint not null, d14 bigint not null, d15 bigint not null,
    d16 bigint not null, d17 bigint not null, d18 bigint not null, d19 bigint not null,
    d20 bigint not null, d21 bigint not null, d22 bigint not null, d23 bigint not null,
    d24 bigint not null, d25 bigint not null, d26 bigint not null, d27 bigint not null,
    d28 bigint not null, d29 bigint not null, d30 bigint not null, d31 bigint not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome, status)
) partition by range (start_s);

create table answers_quarter (
    start_s         bigint not null constraint answers_quarter_starts_a_quarter check (start_s % 900 = 0),
    client_id       text collate "C" not null,
    key_id          text collate "C" not null,
    secret_version  bigint not null,
    route_id        text collate "C" not null,
    environment     text collate "C" not null,
    outcome         text collate "C" not null,
    status          text collate "C" not null constraint answers_quarter_status_is_known
                    check (status in ('none', '1xx', '2xx', '3xx', '4xx', '5xx')),
    calls           bigint not null,
    upstream_errors bigint not null,
    request_bytes   bigint not null,
    response_bytes  bigint not null,
    duration_us     bigint not null,
    -- Calls of each bucket of the histogram of times.
    d00 bigint not null, d01 bigint not null, d02 bigint not null, d03 bigint not null,
    d04 bigint not null, d05 bigint not null, d06 bigint not null, d07 bigint not null,
    d08 bigint not null, d09 bigint not null, d10 bigint not null, d11 bigint not null,
    d12 bigint not null, d13 bigint not null, d14 bigint not null, d15 bigint not null,
    d16 bigint not null, d17 bigint not null, d18 bigint not null, d19 bigint not null,
    d20 bigint not null, d21 bigint not null, d22 bigint not null, d23 bigint not null,
    d24 bigint not null, d25 bigint not null, d26 bigint not null, d27 bigint not null,
    d28 bigint not null, d29 bigint not null, d30 bigint not null, d31 bigint not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome, status)
) partition by range (start_s);
create index answers_quarter_by_client on answers_quarter (client_id, start_s);

create table answers_day (
    start_s         bigint not null constraint answers_day_starts_a_day check (start_s % 86400 = 0),
    client_id       text collate "C" not null,
    key_id          text collate "C" not null,
    secret_version  bigint not null,
    route_id        text collate "C" not null,
    environment     text collate "C" not null,
    outcome         text collate "C" not null,
    status          text collate "C" not null constraint answers_day_status_is_known
                    check (status in ('none', '1xx', '2xx', '3xx', '4xx', '5xx')),
    calls           bigint not null,
    upstream_errors bigint not null,
    request_bytes   bigint not null,
    response_bytes  bigint not null,
    duration_us     bigint not null,
    -- Calls of each bucket of the histogram of times.
    d00 bigint not null, d01 bigint not null, d02 bigint not null, d03 bigint not null,
    d04 bigint not null, d05 bigint not null, d06 bigint not null, d07 bigint not null,
    d08 bigint not null, d09 bigint not null, d10 bigint not null, d11 bigint not null,
    d12 bigint not null, d13 bigint not null, d14 bigint not null, d15 bigint not null,
    d16 bigint not null, d17 bigint not null, d18 bigint not null, d19 bigint not null,
    d20 bigint not null, d21 bigint not null, d22 bigint not null, d23 bigint not null,
    d24 bigint not null, d25 bigint not null, d26 bigint not null, d27 bigint not null,
    d28 bigint not null, d29 bigint not null, d30 bigint not null, d31 bigint not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome, status)
);

-- Calls that were told after their quarter of an hour was closed. They are in the other tables, in their own time.
create table usage_corrections (
    start_s        bigint not null constraint usage_corrections_starts_a_quarter check (start_s % 900 = 0),
    batch_no       bigint not null,
    client_id      text collate "C" not null,
    environment    text collate "C" not null,
    node           text collate "C" not null,
    flushed_at_us  bigint not null,
    calls          bigint not null,
    primary key (start_s, batch_no, client_id, environment)
);

create table usage_minute_other partition of usage_minute default;
create table usage_second_other partition of usage_second default;
create table usage_quarter_other partition of usage_quarter default;
create table answers_minute_other partition of answers_minute default;
create table answers_quarter_other partition of answers_quarter default;
create table usage_throttled_other partition of usage_throttled default;

insert into usage_minute select * from usage_minute_before;
insert into usage_quarter select * from usage_quarter_before;
insert into usage_day (start_s, client_id, key_id, secret_version, route_id, environment, outcome, calls)
select start_s / 86400 * 86400, client_id, key_id, secret_version, route_id, environment, outcome, cast(sum(calls) as bigint)
  from usage_quarter
 group by 1, 2, 3, 4, 5, 6, 7;
drop table usage_minute_before;
drop table usage_quarter_before;

alter table usage_sequences add column flushed_at_us bigint not null default 0;

-- Makes the partitions of a table that are needed from now on, and drops those that end before `from_s`. Whoever writes read models
-- may not change their form: this is what of it they may. Answers how many partitions were dropped. Safe to repeat. Gives up
-- after two seconds of waiting for those who read.
create function keep_usage(of_table text, length_s bigint, now_s bigint, from_s bigint) returns bigint
    language plpgsql security definer set search_path from current
as $$
declare
    begins bigint;
    is_free boolean;
    partition text;
    dropped bigint := 0;
begin
    if of_table not in ('usage_minute', 'usage_second', 'usage_quarter', 'answers_minute', 'answers_quarter', 'usage_throttled')
       or length_s < 3600 then
        raise exception 'usage is not kept by time in table % with partitions of % s', of_table, length_s;
    end if;
    perform set_config('lock_timeout', '2s', true);
    for ahead in 0..2 loop
        begins := (now_s / length_s + ahead) * length_s;
        partition := of_table || '_' || begins;
        if to_regclass(quote_ident(partition)) is null then
            execute format('select not exists (select from %I where start_s >= $1 and start_s < $2)', of_table || '_other')
               into is_free using begins, begins + length_s;
            if is_free then
                execute format('create table %I partition of %I for values from (%s) to (%s)',
                               partition, of_table, begins, begins + length_s);
            end if;
        end if;
    end loop;
    for partition in
        select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = to_regclass(quote_ident(of_table))
           and c.relname ~ ('^' || of_table || '_[0-9]+$')
           and substring(c.relname from '[0-9]+$')::bigint + length_s <= from_s
    loop
        execute format('drop table %I', partition);
        dropped := dropped + 1;
    end loop;
    execute format('delete from %I where start_s < $1', of_table || '_other') using from_s;
    return dropped;
end
$$;
revoke execute on function keep_usage(text, bigint, bigint, bigint) from public;
