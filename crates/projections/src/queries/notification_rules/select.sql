-- Notification rules; conditions, order and limit follow. Uses the primary key.
select rule_id, status, client_id, team, environment, spec, version, position, made_at_us, updated_at_us
  from notification_rule_directory
 where 1 = 1
