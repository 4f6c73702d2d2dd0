-- Decisions of the gateways that are kept one by one, for a time: refusals, and a sample of allowed calls. Their identifiers
-- sort by time.
create table decision_log (
    decision_id          text collate "C" primary key,
    at_us                bigint not null,
    environment          text collate "C" not null,
    outcome              text collate "C" not null,
    reason               text collate "C",
    client_id            text collate "C",
    key_id               text collate "C",
    secret_version       bigint,
    route_id             text collate "C",
    method               text collate "C" not null,
    -- Where the call came from, as a network: never a whole address.
    network              text collate "C",
    node                 text collate "C" not null,
    limits               text collate "C" not null constraint decision_log_limits_are_json check (limits::json is not null),
    retry_after_seconds  bigint,
    position             bigint not null,
    stale                bigint not null constraint decision_log_stale_is_said check (stale in (0, 1))
);
create index decision_log_by_client on decision_log (client_id, decision_id) where client_id is not null;
create index decision_log_by_key on decision_log (key_id, decision_id) where key_id is not null;
create index decision_log_by_reason on decision_log (reason, decision_id) where reason is not null;

-- How many decisions a flush of a gateway had no room for.
create table decisions_left_out (
    node           text collate "C" not null,
    boot           text collate "C" not null,
    sequence       bigint not null,
    flushed_at_us  bigint not null,
    proven         bigint not null,
    unproven       bigint not null,
    primary key (node, boot, sequence)
);
create index decisions_left_out_by_time on decisions_left_out (flushed_at_us);
