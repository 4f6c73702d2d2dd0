-- People and service accounts. There is no column for a token or its digest: a read model cannot leak what it does not have.
create table principal_directory (
    principal_id         text primary key,
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
    claimed              integer not null,
    -- Of a service account.
    team                 text,
    token_version        integer,
    token_hint           text,
    token_expires_at_us  integer,
    previous_hint        text,
    previous_until_us    integer,
    glass_until_us       integer,
    version              integer not null,
    position             integer not null,
    created_at_us        integer not null,
    updated_at_us        integer not null
) strict, without rowid;
create index principal_directory_by_kind on principal_directory (kind, principal_id);

create table grant_directory (
    grant_id           text primary key,
    principal_id       text not null,
    role               text not null,
    scope_kind         text not null constraint grant_directory_scope_is_known
                       check (scope_kind in ('all', 'limited')),
    team               text,
    -- A list in JSON.
    environments       text,
    until_us           integer,
    reason             text not null,
    status             text not null constraint grant_directory_status_is_known
                       check (status in ('given', 'withdrawn')),
    withdrawn_because  text,
    version            integer not null,
    position           integer not null,
    given_at_us        integer not null,
    updated_at_us      integer not null
) strict, without rowid;
create index grant_directory_by_principal on grant_directory (principal_id, grant_id);
