-- Forgets what was told. Uses notice_marks_by_time.
delete from notice_marks
 where (rule_id, notice, subject, window_key, threshold) in (
    select rule_id, notice, subject, window_key, threshold from notice_marks
     where marked_at_us < $1
     order by marked_at_us
     limit $2)
