-- Entries of the audit log; conditions, order and limit follow. Uses the primary key for one entry and for paging,
-- audit_log_by_subject, _by_client, _by_actor, _by_action, _by_correlation, _by_request (on Postgres for those
-- alone that are not their correlation), _by_time, _by_outcome, and audit_personal_by_value.
select position, event_id, occurred_at_us, recorded_at_us, actor, actor_kind, authenticated_by, on_behalf_of,
       allowed_by, action, subject_type, subject_id, client_id, reason, request_id, correlation_id, causation_id,
       command_id, address, user_agent, data, outcome, changes
  from audit_log
 where 1 = 1
