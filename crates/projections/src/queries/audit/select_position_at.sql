-- The position of the last event that had occurred by a time; null before the first. Times may step back a little from one
-- event to the next, hence the maximum. Uses audit_log_by_time.
select max(position) as position
  from audit_log
 where occurred_at_us <= $1
