-- Webhooks; conditions, order and limit follow. Uses the primary key.
select webhook_id, status, team, environments, state, version, position, created_at_us, updated_at_us
  from webhook_directory
 where 1 = 1
