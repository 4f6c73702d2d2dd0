-- Decisions that are kept one by one; conditions, order and limit follow. Uses decision_log_pkey for one decision and for
-- times, decision_log_by_client, _by_key, _by_reason.
select decision_id, at_us, environment, outcome, reason, client_id, key_id, secret_version, route_id, method, network, node,
       limits, retry_after_seconds, position, stale
  from decision_log
 where 1 = 1
