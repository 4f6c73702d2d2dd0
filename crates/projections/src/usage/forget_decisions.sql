-- Forgets the oldest decisions before an identifier, at most so many. Safe to repeat. Uses decision_log_pkey.
delete from decision_log
 where decision_id in (select decision_id from decision_log where decision_id < $1 order by decision_id limit $2)
