-- Forgets how many decisions were left out before a moment, at most so many rows. Safe to repeat.
-- Uses decisions_left_out_by_time.
delete from decisions_left_out
 where (node, boot, sequence) in
       (select node, boot, sequence from decisions_left_out where flushed_at_us < $1 order by flushed_at_us limit $2)
