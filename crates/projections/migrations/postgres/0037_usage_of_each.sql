-- What each client, and what each route, comes to: sums of usage_quarter and usage_day for reports that ask for no more, which then
-- read a fiftieth of the rows.
--
-- Whoever still counts without these would leave them short: under version 2 it cannot move the checkpoint on, and it cannot put it
-- back under its own. Batches wait where they are until the version that came with this counts them.
update checkpoints set version = 2 where name = 'usage';
create function refuse_usage_without_sums() returns trigger
    language plpgsql
as $$
begin
    raise exception 'usage is counted by a newer version of the program';
end
$$;
create trigger usage_with_sums before insert or update on checkpoints
    for each row when (new.name = 'usage' and new.version < 2)
    execute function refuse_usage_without_sums();

create table usage_quarter_of_client (
    start_s      bigint not null constraint usage_quarter_of_client_starts_a_quarter check (start_s % 900 = 0),
    client_id    text collate "C" not null,
    environment  text collate "C" not null,
    outcome      text collate "C" not null,
    calls        bigint not null,
    primary key (start_s, client_id, environment, outcome)
) partition by range (start_s);
create index usage_quarter_of_client_by_client on usage_quarter_of_client (client_id, start_s);
create table usage_quarter_of_client_other partition of usage_quarter_of_client default;

create table usage_day_of_client (
    start_s      bigint not null constraint usage_day_of_client_starts_a_day check (start_s % 86400 = 0),
    client_id    text collate "C" not null,
    environment  text collate "C" not null,
    outcome      text collate "C" not null,
    calls        bigint not null,
    primary key (start_s, client_id, environment, outcome)
);
create index usage_day_of_client_by_client on usage_day_of_client (client_id, start_s);

create table usage_quarter_of_route (
    start_s      bigint not null constraint usage_quarter_of_route_starts_a_quarter check (start_s % 900 = 0),
    route_id     text collate "C" not null,
    environment  text collate "C" not null,
    outcome      text collate "C" not null,
    calls        bigint not null,
    primary key (start_s, route_id, environment, outcome)
) partition by range (start_s);
create index usage_quarter_of_route_by_route on usage_quarter_of_route (route_id, start_s);
create table usage_quarter_of_route_other partition of usage_quarter_of_route default;

create table usage_day_of_route (
    start_s      bigint not null constraint usage_day_of_route_starts_a_day check (start_s % 86400 = 0),
    route_id     text collate "C" not null,
    environment  text collate "C" not null,
    outcome      text collate "C" not null,
    calls        bigint not null,
    primary key (start_s, route_id, environment, outcome)
);
create index usage_day_of_route_by_route on usage_day_of_route (route_id, start_s);

insert into usage_quarter_of_client (start_s, client_id, environment, outcome, calls)
select start_s, client_id, environment, outcome, cast(sum(calls) as bigint)
  from usage_quarter
 group by 1, 2, 3, 4;
insert into usage_day_of_client (start_s, client_id, environment, outcome, calls)
select start_s, client_id, environment, outcome, cast(sum(calls) as bigint)
  from usage_day
 group by 1, 2, 3, 4;
insert into usage_quarter_of_route (start_s, route_id, environment, outcome, calls)
select start_s, route_id, environment, outcome, cast(sum(calls) as bigint)
  from usage_quarter
 group by 1, 2, 3, 4;
insert into usage_day_of_route (start_s, route_id, environment, outcome, calls)
select start_s, route_id, environment, outcome, cast(sum(calls) as bigint)
  from usage_day
 group by 1, 2, 3, 4;

-- Makes the partitions of a table that are needed from now on, and drops those that end before `from_s`. Whoever writes read models
-- may not change their form: this is what of it they may. Answers how many partitions were dropped. Safe to repeat. Gives up
-- after two seconds of waiting for those who read.
create or replace function keep_usage(of_table text, length_s bigint, now_s bigint, from_s bigint) returns bigint
    language plpgsql security definer set search_path from current
as $$
declare
    begins bigint;
    is_free boolean;
    partition text;
    dropped bigint := 0;
begin
    if of_table not in ('usage_minute', 'usage_second', 'usage_quarter', 'usage_quarter_of_client', 'usage_quarter_of_route',
                        'answers_minute', 'answers_quarter', 'usage_throttled')
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
