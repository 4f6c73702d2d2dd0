-- Facts as they come from TOLLGATE_USAGE, one insert a batch with `insert_deduplication_token = '<node>.<boot>.<sequence>'`: a batch that
-- comes again is dropped by the server. Read by nobody but the views below and whoever reconciles.
create table usage_facts (
    batch_no       UInt64,
    start          DateTime('UTC'),
    client_id      LowCardinality(String),
    key_id         String,
    secret_version UInt32,
    route_id       LowCardinality(String),
    environment    LowCardinality(String),
    outcome        LowCardinality(String),
    calls          UInt64
) engine = MergeTree
partition by toYYYYMMDD(start)
order by (start, client_id, key_id)
ttl start + interval 35 day
settings non_replicated_deduplication_window = 100000;

create table usage_minute (
    start DateTime('UTC'), client_id LowCardinality(String), key_id String, secret_version UInt32,
    route_id LowCardinality(String), environment LowCardinality(String), outcome LowCardinality(String), calls UInt64
) engine = SummingMergeTree(calls)
partition by toYYYYMMDD(start)
order by (start, client_id, key_id, secret_version, route_id, environment, outcome)
ttl start + interval 2 day;

create materialized view usage_minute_of to usage_minute as
select start, client_id, key_id, secret_version, route_id, environment, outcome, calls from usage_facts;

create table usage_quarter (
    start DateTime('UTC'), client_id LowCardinality(String), key_id String, secret_version UInt32,
    route_id LowCardinality(String), environment LowCardinality(String), outcome LowCardinality(String), calls UInt64
) engine = SummingMergeTree(calls)
partition by toYYYYMM(start)
order by (client_id, start, route_id, key_id, secret_version, environment, outcome)
ttl start + interval 5 year;

create materialized view usage_quarter_of to usage_quarter as
select toStartOfFifteenMinutes(start) as start, client_id, key_id, secret_version, route_id, environment, outcome, calls
  from usage_facts;

-- How far is counted; a row with each insert.
create table usage_covered (batch_no UInt64, position UInt64) engine = ReplacingMergeTree order by tuple();

-- Which client is whose, from the events of clients.
create table client_owners_now (client_id String, owner_team String, position UInt64)
engine = ReplacingMergeTree(position) order by client_id;

create dictionary client_owners (client_id String, owner_team String)
primary key client_id
source(clickhouse(query 'select client_id, owner_team from client_owners_now final'))
layout(complex_key_hashed()) lifetime(10);
