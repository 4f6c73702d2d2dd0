-- Marks a lesser threshold as covered by the one that is told. Changes nothing where it was told before.
insert into notice_marks (rule_id, notice, subject, window_key, threshold, message_id, told, marked_at_us)
values ($1, $2, $3, $4, $5, $6, 0, $7)
on conflict do nothing
