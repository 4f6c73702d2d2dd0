-- Every node's level of the series that batches after $1 and up to $2 have told of. Uses quota_levels_by_batch, then
-- quota_levels_by_series.
select l.series, l.policy_id, l.policy_revision, l.limit_name, l.environment, l.counting, l.client_id, l.key_id, l.route_id,
       l.window_start_us, l.window_end_us, l.epoch, l.used, l.allowed, l.batch_no,
       p.name as policy_name, p.mode as policy_mode
  from quota_levels l
  left join policy_directory p on p.policy_id = l.policy_id
 where l.series in (select t.series from quota_levels t where t.batch_no > $1 and t.batch_no <= $2)
 order by l.series
