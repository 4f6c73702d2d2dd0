-- The positions of one thing's events up to another position; the limit follows. Uses audit_log_by_subject.
select position
  from audit_log
 where subject_id = $1
   and position <= $2
 order by position
