-- How many changes should have happened before a time and have not. Uses scheduled_changes_by_due.
select count(*) as overdue
  from scheduled_changes
 where due_at_us < $1
