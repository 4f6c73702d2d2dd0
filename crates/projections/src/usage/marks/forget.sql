-- Forgets when quotas filled that have not since a moment, and the oldest of those beyond $2, at most so many. Safe to repeat.
-- Uses quota_marks_by_time.
delete from quota_marks
 where mark_key in (
       select mark_key from quota_marks
        where last_at_us < $1
           or last_at_us < (select last_at_us from quota_marks order by last_at_us desc limit 1 offset $2 - 1)
        order by last_at_us
        limit $3)
