-- Uses the unique digest, the primary key, or sign_in_sessions_by_principal.
select session_id, digest, begun, principal_id, issuer, subject, gives, user_agent, started_at_us, last_seen_at_us, ends_at_us
  from sign_in_sessions
 where 1 = 1
