-- Ends one session. Uses the primary key.
delete from sign_in_sessions where session_id = $1
