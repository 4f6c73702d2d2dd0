-- Personal values that are left, each with the thing whose event commits to it; the commitments follow. Uses audit_personal_pkey
-- (on SQLite the table's own order), and the primary key of audit_log.
select l.subject_id, p.commitment, p.value
  from audit_personal p
  join audit_log l on l.position = p.position
 where 1 = 1
