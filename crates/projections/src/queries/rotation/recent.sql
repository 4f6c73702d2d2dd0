-- Calls of one key that its secrets opened, by version and quarter of an hour. Uses the whole primary key, once for each quarter.
select secret_version, start_s, cast(sum(calls) as bigint) as calls
  from usage_quarter
 where start_s in ({starts})
   and client_id = $1
   and key_id = $2
   and outcome <> 'unauthenticated'
 group by secret_version, start_s
