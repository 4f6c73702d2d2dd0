-- What the projections make of the log; every row can be made again from it. Times are Unix microseconds,
-- windows Unix seconds, both UTC; lists and specifications are JSON, kept as the text that was written: `jsonb`
-- would answer other bytes than the embedded engine. A text that is not JSON fails its check by the cast.
-- What lists are ordered and paged by compares by its bytes, whatever the database's collation: as in SQLite.

-- How far each projection has got, moved in the transaction that writes its rows. `leaf` is the leaf hash of the
-- last applied event: a log that has another one there is another log.
-- `halted` is why it goes no further, `owner` the process that moves it: every instance reads them here.
create table checkpoints (
    name      text    primary key,
    version   bigint  not null,
    position  bigint  not null constraint checkpoints_position_from_zero check (position >= 0),
    leaf      text    not null,
    halted    text,
    owner     text
    -- Updated with every batch: room for the new row beside the old spares the index.
) with (fillfactor = 50);

create table client_directory (
    client_id         text collate "C"    primary key,
    name              text    not null,
    -- In lower case, to search in.
    name_folded       text    not null,
    kind              text    not null,
    status            text    not null constraint client_directory_status_is_known
                              check (status in ('active', 'suspended', 'archived')),
    owner_team        text    not null,
    -- Null once erased.
    owner_email       text,
    contacts          text    not null constraint client_directory_contacts_are_json check (contacts::json is not null),
    environments      text    not null constraint client_directory_environments_are_json check (environments::json is not null),
    scopes            text    not null constraint client_directory_scopes_are_json check (scopes::json is not null),
    labels            text    not null constraint client_directory_labels_are_json check (labels::json is not null),
    version           bigint not null,
    position          bigint not null,
    registered_at_us  bigint not null,
    updated_at_us     bigint not null
);

-- There is no column for a digest or a locator, nor ever will be: nobody who reads this file learns a secret.
create table key_directory (
    key_id             text collate "C"    primary key,
    client_id          text collate "C"    not null,
    name               text    not null,
    environment        text collate "C"    not null,
    scopes             text    constraint key_directory_scopes_are_json check (scopes is null or scopes::json is not null),
    status             text    not null constraint key_directory_status_is_known
                               check (status in ('active', 'suspended', 'revoked', 'expired')),
    secret_version     bigint not null,
    hint               text    not null,
    previous_version   bigint,
    previous_hint      text,
    previous_until_us  bigint,
    not_before_us      bigint,
    expires_at_us      bigint,
    revoke_at_us       bigint,
    -- When the clock ends the key: the earlier of expiry and planned revocation; null when that is on record.
    ends_at_us         bigint,
    allowed_cidrs      text    not null constraint key_directory_cidrs_are_json check (allowed_cidrs::json is not null),
    version            bigint not null,
    position           bigint not null,
    issued_at_us       bigint not null,
    updated_at_us      bigint not null,
    constraint key_directory_previous_is_whole check (
        (previous_version is null) = (previous_until_us is null) and (previous_version is null) = (previous_hint is null))
);
create index key_directory_by_client on key_directory (client_id, key_id);
create index key_directory_by_end on key_directory (ends_at_us) where ends_at_us is not null;
create index key_directory_by_expiry on key_directory (expires_at_us) where expires_at_us is not null;

create table route_directory (
    route_id       text collate "C"    primary key,
    name           text    not null,
    name_folded    text    not null,
    status         text    not null constraint route_directory_status_is_known check (status in ('active', 'retired')),
    -- Empty: any host.
    host           text collate "C"    not null,
    -- The path template with its places numbered: equal for templates that select the same calls.
    shape          text collate "C"    not null,
    spec           text    not null constraint route_directory_spec_is_json check (spec::json is not null),
    version        bigint not null,
    position       bigint not null,
    defined_at_us  bigint not null,
    updated_at_us  bigint not null
);
create index route_directory_by_shape on route_directory (shape, host);

create table policy_directory (
    policy_id      text collate "C"    primary key,
    name           text    not null,
    name_folded    text    not null,
    status         text    not null constraint policy_directory_status_is_known check (status in ('active', 'retired')),
    mode           text    not null,
    revision       bigint not null,
    spec           text    not null constraint policy_directory_spec_is_json check (spec::json is not null),
    version        bigint not null,
    position       bigint not null,
    defined_at_us  bigint not null,
    updated_at_us  bigint not null
);

create table assignment_directory (
    assignment_id   text collate "C"    primary key,
    policy_id       text collate "C"    not null,
    client_id       text collate "C",
    route_id        text collate "C",
    environment     text collate "C",
    from_us         bigint,
    until_us        bigint,
    version         bigint not null,
    position        bigint not null,
    assigned_at_us  bigint not null
);
create index assignment_directory_by_policy on assignment_directory (policy_id, assignment_id);
create index assignment_directory_by_client on assignment_directory (client_id) where client_id is not null;
create index assignment_directory_by_route on assignment_directory (route_id) where route_id is not null;

create table audit_log (
    position          bigint primary key,
    event_id          text collate "C"    not null,
    occurred_at_us    bigint not null,
    recorded_at_us    bigint not null,
    actor             text collate "C"    not null,
    actor_kind        text    not null,
    authenticated_by  text    not null,
    on_behalf_of      text,
    allowed_by        text    not null,
    -- The event's type: `api_key.revoked`.
    action            text collate "C"    not null,
    subject_type      text    not null,
    subject_id        text collate "C"    not null,
    client_id         text collate "C",
    reason            text,
    request_id        text collate "C"    not null,
    correlation_id    text collate "C"    not null,
    causation_id      text collate "C",
    command_id        text collate "C"    not null,
    -- Null when there was none or it is erased.
    address           text,
    user_agent        text,
    data              text    not null constraint audit_log_data_is_json check (data::json is not null)
);
create index audit_log_by_subject on audit_log (subject_id, position);
create index audit_log_by_client on audit_log (client_id, position) where client_id is not null;
create index audit_log_by_actor on audit_log (actor, position);
create index audit_log_by_action on audit_log (action, position);
create index audit_log_by_correlation on audit_log (correlation_id, position);
create index audit_log_by_request on audit_log (request_id, position);
create index audit_log_by_time on audit_log (occurred_at_us);

-- Which client a key or an assignment belongs to: their later events do not say.
create table audit_clients (
    id         text collate "C" primary key,
    client_id  text collate "C" not null
);

-- Calls by window, client, key, secret version, route, environment and outcome. '' and 0 stand for none: a null
-- in a key would not be equal to itself, and its calls would be many rows.
create table usage_minute (
    start_s         bigint not null constraint usage_minute_starts_a_minute check (start_s % 60 = 0),
    client_id       text collate "C"    not null,
    key_id          text collate "C"    not null,
    secret_version  bigint not null,
    route_id        text collate "C"    not null,
    environment     text collate "C"    not null,
    outcome         text collate "C"    not null,
    calls           bigint not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome)
);

create table usage_quarter (
    start_s         bigint not null constraint usage_quarter_starts_a_quarter check (start_s % 900 = 0),
    client_id       text collate "C"    not null,
    key_id          text collate "C"    not null,
    secret_version  bigint not null,
    route_id        text collate "C"    not null,
    environment     text collate "C"    not null,
    outcome         text collate "C"    not null,
    calls           bigint not null,
    primary key (start_s, client_id, key_id, secret_version, route_id, environment, outcome)
);
create index usage_quarter_by_client on usage_quarter (client_id, start_s);

create table key_last_used (
    key_id           text collate "C"    not null,
    secret_version   bigint not null,
    last_used_at_us  bigint not null,
    primary key (key_id, secret_version)
);

-- The last batch of each run of each gateway that is counted: one that arrives again under another number is
-- known by it.
create table usage_sequences (
    node      text collate "C" not null,
    boot      text collate "C" not null,
    sequence  bigint  not null constraint usage_sequences_sequence_from_zero check (sequence >= 0),
    primary key (node, boot)
);
