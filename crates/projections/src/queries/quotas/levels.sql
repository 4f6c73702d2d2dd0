-- Every node's level of the windows that a moment lies in. Conditions and order follow. Reads the levels that are kept.
select l.series, l.policy_id, l.policy_revision, l.limit_name, l.environment, l.counting, l.client_id, l.key_id, l.route_id,
       l.window_start_us, l.window_end_us, l.epoch, l.used, l.allowed, l.batch_no,
       p.name as policy_name, p.mode as policy_mode
  from quota_levels l
  left join policy_directory p on p.policy_id = l.policy_id
 where l.window_start_us <= $1
   and l.window_end_us > $1
