-- Sessions of people who have signed in. No projection makes them: without this table everybody signs in again.
create table sign_in_sessions (
    session_id text not null primary key,
    -- Of the random cookie, in hexadecimal: whoever reads it here cannot make the cookie of it.
    digest text not null constraint session_of_one_cookie unique,
    -- Of the sign-in that opened it.
    begun text not null constraint session_of_one_sign_in unique,
    principal_id text not null,
    issuer text not null,
    subject text not null,
    gives text not null,
    user_agent text,
    started_at_us bigint not null,
    last_seen_at_us bigint not null,
    ends_at_us bigint not null,
    constraint session_ends_after_its_start check (ends_at_us >= started_at_us)
);
create index sign_in_sessions_by_principal on sign_in_sessions (principal_id, started_at_us);
