-- How quotas filled; conditions, order and limit follow. Uses quota_marks_by_time.
select mark_key, series, policy_id, policy_revision, limit_name, environment, counting, client_id, key_id, route_id,
       window_start_us, window_end_us, allowed, steps, last_at_us
  from quota_marks
 where 1 = 1
