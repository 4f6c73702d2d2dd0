-- What each node has used of some series, which follow. Uses quota_levels_by_series.
select series, node, used, policy_revision, allowed
  from quota_levels
 where 1 = 1
