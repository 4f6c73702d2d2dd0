-- Allowed calls that a policy in shadow was asked about, and those of them that it would have refused, by quarter of an
-- hour. '' stands for none: as limit_name it is all limits of the policy together.
create table usage_shadow (
    start_s      integer not null constraint usage_shadow_starts_a_quarter check (start_s % 900 = 0),
    policy_id    text not null,
    revision     integer not null,
    limit_name   text not null,
    client_id    text not null,
    route_id     text not null,
    environment  text not null,
    calls        integer not null,
    refused      integer not null,
    primary key (start_s, policy_id, revision, limit_name, client_id, route_id, environment)
) strict, without rowid;
create index usage_shadow_by_policy on usage_shadow (policy_id, start_s);
