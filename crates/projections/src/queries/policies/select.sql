-- Policies; conditions, order and limit follow. Uses the primary key for one policy and for paging.
select policy_id, status, revision, spec, version, position, defined_at_us, updated_at_us
  from policy_directory
 where 1 = 1
