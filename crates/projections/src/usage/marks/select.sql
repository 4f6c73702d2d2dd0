-- When some series passed which percentages; the series follow. Uses quota_marks_by_series.
select series, allowed, steps
  from quota_marks
 where 1 = 1
