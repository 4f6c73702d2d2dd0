-- Decisions of the gateways that are kept one by one, for a time: refusals, and a sample of allowed calls. Their identifiers
-- sort by time.
create table decision_log (
    decision_id          text    primary key,
    at_us                integer not null,
    environment          text    not null,
    outcome              text    not null,
    reason               text   ,
    client_id            text   ,
    key_id               text   ,
    secret_version       integer,
    route_id             text   ,
    method               text    not null,
    -- Where the call came from, as a network: never a whole address.
    network              text   ,
    node                 text    not null,
    limits               text    not null constraint decision_log_limits_are_json check (json_valid(limits)),
    retry_after_seconds  integer,
    position             integer not null,
    stale                integer not null constraint decision_log_stale_is_said check (stale in (0, 1))
) strict, without rowid;
create index decision_log_by_client on decision_log (client_id, decision_id) where client_id is not null;
create index decision_log_by_key on decision_log (key_id, decision_id) where key_id is not null;
create index decision_log_by_reason on decision_log (reason, decision_id) where reason is not null;

-- How many decisions a flush of a gateway had no room for.
create table decisions_left_out (
    node           text    not null,
    boot           text    not null,
    sequence       integer not null,
    flushed_at_us  integer not null,
    proven         integer not null,
    unproven       integer not null,
    primary key (node, boot, sequence)
) strict, without rowid;
create index decisions_left_out_by_time on decisions_left_out (flushed_at_us);
