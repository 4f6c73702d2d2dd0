-- Planned changes; conditions, order and limit follow. A planned revocation takes its client from its key. Uses the
-- primary key for one change and for paging, scheduled_changes_by_due, scheduled_changes_by_key, _by_policy.
select c.change_id, c.kind, c.status, coalesce(c.client_id, k.client_id) as client_id, c.key_id, c.policy_id, c.change,
       c.at_us, c.until_us, c.due_at_us, c.reason, c.requested_by, c.correlation_id, c.planned_by, c.planned_at_us,
       c.applied_at_us, c.ended_at_us, c.failure, c.version, c.position, c.updated_at_us
  from scheduled_changes c left join key_directory k on k.key_id = c.key_id
 where 1 = 1
