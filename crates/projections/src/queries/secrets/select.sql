-- The event that a secret came with; a condition follows. Uses the primary key.
select fingerprint, subject_type, subject_id, sequence, position
  from secret_directory
 where 1 = 1
