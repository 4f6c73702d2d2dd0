-- The limits that a client's latest decisions were refused by, of those that are kept one by one. Uses decision_log_by_client.
select limits
  from decision_log
 where client_id = $1
   and decision_id >= $2
   and decision_id < $3
   and environment = $4
   and outcome in ('rate_limited', 'quota_exceeded')
 order by decision_id desc
 limit $5
