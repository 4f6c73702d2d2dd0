-- Assignments; conditions, order and limit follow. Uses the primary key for one assignment,
-- assignment_directory_by_policy, _by_client, _by_route.
select assignment_id, policy_id, client_id, route_id, environment, from_us, until_us, version, position,
       assigned_at_us
  from assignment_directory
 where 1 = 1
