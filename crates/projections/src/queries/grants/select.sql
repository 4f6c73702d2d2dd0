-- Grants; conditions, order and limit follow. Uses the primary key, or grant_directory_by_principal.
select grant_id, principal_id, role, scope_kind, team, environments, until_us, reason, status, withdrawn_because,
       version, position, given_at_us, updated_at_us
  from grant_directory
 where 1 = 1
