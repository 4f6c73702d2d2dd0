-- How the secret versions of a key came to be; order and limit follow. Uses audit_log_by_subject.
select position, occurred_at_us, data
  from audit_log
 where subject_id = $1
   and action in ('api_key.issued', 'api_key.rotated')
