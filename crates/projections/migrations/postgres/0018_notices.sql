-- Webhooks. Their secrets are made from a pepper outside the database, and are not here.
create table webhook_directory (
    webhook_id     text collate "C" primary key,
    status         text not null constraint webhook_directory_status_is_known
                   check (status in ('unverified', 'active', 'disabled', 'deleted')),
    -- Of the scope; both null where it is everything.
    team           text,
    environments   text,
    -- JSON.
    state          text not null,
    version        bigint not null,
    position       bigint not null,
    created_at_us  bigint not null,
    updated_at_us  bigint not null
);

-- What is told to whom. Addresses are commitments: the values are in audit_personal.
create table notification_rule_directory (
    rule_id        text collate "C" primary key,
    status         text not null constraint notification_rule_directory_status_is_known
                   check (status in ('in_force', 'ended')),
    -- What it is about; null: whatever it is.
    client_id      text,
    team           text,
    environment    text,
    -- JSON.
    spec           text not null,
    version        bigint not null,
    position       bigint not null,
    made_at_us     bigint not null,
    updated_at_us  bigint not null
);
