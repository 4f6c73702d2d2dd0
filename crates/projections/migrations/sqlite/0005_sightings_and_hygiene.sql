-- Who presents which secret: for each secret version that was ever presented genuinely its calls, whatever became of them,
-- and by name the addresses and user agents seen last, a bounded number of each. Personal data: names are pruned after
-- their time, the calls stay. `oldest_at_us` is when the name that was not seen for longest was seen; null without names.
create table secret_sightings (
    key_id          text    not null,
    secret_version  integer not null,
    calls           integer not null,
    last_at_us      integer not null,
    addresses       text    not null constraint secret_sightings_addresses_are_json check (json_valid(addresses)),
    user_agents     text    not null constraint secret_sightings_user_agents_are_json check (json_valid(user_agents)),
    oldest_at_us    integer,
    primary key (key_id, secret_version)
) strict, without rowid;
create index secret_sightings_by_age on secret_sightings (oldest_at_us) where oldest_at_us is not null;

-- Allowed calls of each client by day: what its scopes were needed for. '' stands for none.
create table allowed_day (
    client_id    text    not null,
    day_s        integer not null constraint allowed_day_starts_a_day check (day_s % 86400 = 0),
    key_id       text    not null,
    route_id     text    not null,
    environment  text    not null,
    calls        integer not null,
    primary key (client_id, day_s, key_id, route_id, environment)
) strict, without rowid;

create table route_last_used (
    route_id         text    primary key,
    last_used_at_us  integer not null
) strict, without rowid;

-- What was counted before: batches that have left the stream cannot be counted again.
insert into secret_sightings (key_id, secret_version, calls, last_at_us, addresses, user_agents, oldest_at_us)
select key_id, secret_version, cast(sum(calls) as bigint), max(start_s) * 1000000, '[]', '[]', null
  from usage_quarter where key_id <> '' and secret_version > 0 group by key_id, secret_version;
insert into allowed_day (client_id, day_s, key_id, route_id, environment, calls)
select client_id, start_s / 86400 * 86400, key_id, route_id, environment, cast(sum(calls) as bigint)
  from usage_quarter where outcome = 'allowed' and client_id <> '' group by 1, 2, 3, 4, 5;
insert into route_last_used (route_id, last_used_at_us)
select route_id, max(start_s) * 1000000 from usage_quarter where route_id <> '' group by route_id;

-- What hygiene lists go along: keys that may still be used, those of them that never expire or hold
-- scopes of their own, and clients that nobody looks after any more.
create index key_directory_live on key_directory (key_id) where status in ('active', 'suspended');
create index key_directory_endless on key_directory (key_id)
    where expires_at_us is null and status in ('active', 'suspended');
create index key_directory_scoped on key_directory (key_id)
    where scopes is not null and status in ('active', 'suspended');
create index client_directory_orphaned on client_directory (client_id)
    where status = 'archived' or owner_email is null or contacts not like '%"email":"%';
