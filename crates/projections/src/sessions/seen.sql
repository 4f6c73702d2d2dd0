-- Somebody was here. Safe to repeat, and in any order: the later time stays. Uses the unique digest.
update sign_in_sessions set last_seen_at_us = $1
 where digest = $2 and last_seen_at_us < $1
