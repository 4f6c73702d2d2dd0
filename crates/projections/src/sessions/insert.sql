-- Opens a session, once for each sign-in. Changes nothing where there is one already.
insert into sign_in_sessions (session_id, digest, begun, principal_id, issuer, subject, gives, user_agent, started_at_us, last_seen_at_us, ends_at_us)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict do nothing
