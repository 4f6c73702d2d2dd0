-- Marks a notice as told, once: nothing where it or a graver one of its window was told. Who writes here is alone.
-- Uses the primary key.
insert into notice_marks (rule_id, notice, subject, window_key, threshold, message_id, told, marked_at_us)
select $1, $2, $3, $4, $5, $6, 1, $7
 where not exists (select 1 from notice_marks
                    where rule_id = $1 and notice = $2 and subject = $3 and window_key = $4 and threshold >= $5)
