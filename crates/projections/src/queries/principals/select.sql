-- People and service accounts with the last use of their tokens; conditions, order and limit follow. Uses the primary key, or principal_directory_by_kind.
select principal_id, kind, status, name, email, issuer, subject, personal_of, claimed, team, token_version, token_hint,
       token_expires_at_us, previous_hint, previous_until_us, glass_until_us, version, position, created_at_us,
       updated_at_us,
       (select u.last_used_at_us from token_uses u where u.principal_id = principal_directory.principal_id) as last_used_at_us
  from principal_directory
 where 1 = 1
