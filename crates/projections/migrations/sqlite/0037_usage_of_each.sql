-- What each client, and what each route, comes to: sums of usage_quarter and usage_day for reports that ask for no more, which then
-- read a fiftieth of the rows.
--
-- The version says that they are counted with the rest.
update checkpoints set version = 2 where name = 'usage';

create table usage_quarter_of_client (
    start_s      integer not null constraint usage_quarter_of_client_starts_a_quarter check (start_s % 900 = 0),
    client_id    text not null,
    environment  text not null,
    outcome      text not null,
    calls        integer not null,
    primary key (start_s, client_id, environment, outcome)
) strict, without rowid;
create index usage_quarter_of_client_by_client on usage_quarter_of_client (client_id, start_s);

create table usage_day_of_client (
    start_s      integer not null constraint usage_day_of_client_starts_a_day check (start_s % 86400 = 0),
    client_id    text not null,
    environment  text not null,
    outcome      text not null,
    calls        integer not null,
    primary key (start_s, client_id, environment, outcome)
) strict, without rowid;
create index usage_day_of_client_by_client on usage_day_of_client (client_id, start_s);

create table usage_quarter_of_route (
    start_s      integer not null constraint usage_quarter_of_route_starts_a_quarter check (start_s % 900 = 0),
    route_id     text not null,
    environment  text not null,
    outcome      text not null,
    calls        integer not null,
    primary key (start_s, route_id, environment, outcome)
) strict, without rowid;
create index usage_quarter_of_route_by_route on usage_quarter_of_route (route_id, start_s);

create table usage_day_of_route (
    start_s      integer not null constraint usage_day_of_route_starts_a_day check (start_s % 86400 = 0),
    route_id     text not null,
    environment  text not null,
    outcome      text not null,
    calls        integer not null,
    primary key (start_s, route_id, environment, outcome)
) strict, without rowid;
create index usage_day_of_route_by_route on usage_day_of_route (route_id, start_s);

insert into usage_quarter_of_client (start_s, client_id, environment, outcome, calls)
select start_s, client_id, environment, outcome, sum(calls)
  from usage_quarter
 group by 1, 2, 3, 4;
insert into usage_day_of_client (start_s, client_id, environment, outcome, calls)
select start_s, client_id, environment, outcome, sum(calls)
  from usage_day
 group by 1, 2, 3, 4;
insert into usage_quarter_of_route (start_s, route_id, environment, outcome, calls)
select start_s, route_id, environment, outcome, sum(calls)
  from usage_quarter
 group by 1, 2, 3, 4;
insert into usage_day_of_route (start_s, route_id, environment, outcome, calls)
select start_s, route_id, environment, outcome, sum(calls)
  from usage_day
 group by 1, 2, 3, 4;
