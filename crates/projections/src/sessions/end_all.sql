-- Ends all sessions of a principal. Uses sign_in_sessions_by_principal.
delete from sign_in_sessions where principal_id = $1
