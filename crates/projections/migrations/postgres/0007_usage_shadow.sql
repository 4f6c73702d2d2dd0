-- Allowed calls that a policy in shadow was asked about, and those of them that it would have refused, by quarter of an
-- hour. '' stands for none: as limit_name it is all limits of the policy together.
create table usage_shadow (
    start_s      bigint not null constraint usage_shadow_starts_a_quarter check (start_s % 900 = 0),
    policy_id    text collate "C" not null,
    revision     bigint not null,
    limit_name   text collate "C" not null,
    client_id    text collate "C" not null,
    route_id     text collate "C" not null,
    environment  text collate "C" not null,
    calls        bigint not null,
    refused      bigint not null,
    primary key (start_s, policy_id, revision, limit_name, client_id, route_id, environment)
);
create index usage_shadow_by_policy on usage_shadow (policy_id, start_s);
