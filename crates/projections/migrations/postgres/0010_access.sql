-- People and service accounts. There is no column for a token or its digest: a read model cannot leak what it does not have.
create table principal_directory (
    principal_id         text collate "C" primary key,
    kind                 text not null constraint principal_directory_kind_is_known
                         check (kind in ('person', 'service_account')),
    status               text not null constraint principal_directory_status_is_known
                         check (status in ('enabled', 'disabled')),
    -- Of a person, none once erased.
    name                 text,
    name_folded          text not null,
    email                text,
    issuer               text,
    subject              text,
    claimed              bigint not null,
    -- Of a service account.
    team                 text,
    token_version        bigint,
    token_hint           text,
    token_expires_at_us  bigint,
    previous_hint        text,
    previous_until_us    bigint,
    glass_until_us       bigint,
    version              bigint not null,
    position             bigint not null,
    created_at_us        bigint not null,
    updated_at_us        bigint not null
);
create index principal_directory_by_kind on principal_directory (kind, principal_id);

create table grant_directory (
    grant_id           text collate "C" primary key,
    principal_id       text collate "C" not null,
    role               text not null,
    scope_kind         text not null constraint grant_directory_scope_is_known
                       check (scope_kind in ('all', 'limited')),
    team               text,
    -- A list in JSON.
    environments       text,
    until_us           bigint,
    reason             text not null,
    status             text not null constraint grant_directory_status_is_known
                       check (status in ('given', 'withdrawn')),
    withdrawn_because  text,
    version            bigint not null,
    position           bigint not null,
    given_at_us        bigint not null,
    updated_at_us      bigint not null
);
create index grant_directory_by_principal on grant_directory (principal_id, grant_id);
