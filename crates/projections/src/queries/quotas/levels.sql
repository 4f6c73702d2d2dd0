-- Every node's level of the windows that a moment lies in, and what its series names beside its epoch. Conditions follow. Reads the
-- levels that are kept.
select l.series, substr(l.series, 1, length(l.series) - length(cast(l.epoch as text))) as counter,
       l.policy_id, l.policy_revision, l.limit_name, l.environment, l.counting, l.client_id, l.key_id, l.route_id,
       l.window_start_us, l.window_end_us, l.epoch, l.used, l.allowed, l.batch_no
  from quota_levels l
 where l.window_start_us <= $1
   and l.window_end_us > $1
