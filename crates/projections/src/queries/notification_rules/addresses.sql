-- Addresses that are left of those that rules commit to; the commitments follow. Uses audit_personal_pkey (on SQLite the
-- table's own order), and the primary key of audit_log.
select p.commitment, p.value
  from audit_personal p
  join audit_log l on l.position = p.position
 where l.subject_type = 'notification_rule'
