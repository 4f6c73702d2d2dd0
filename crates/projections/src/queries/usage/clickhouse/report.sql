select tuple(toInt64({window}), {owner_team}, {client_id}, {key_id}, {secret_version}, {route_id}, {environment}) as place,
       sumIf(calls, outcome = 'allowed') as allowed,
       sumIf(calls, outcome = 'rate_limited') as rate_limited,
       sumIf(calls, outcome = 'quota_exceeded') as quota_exceeded,
       sumIf(calls, outcome = 'unauthenticated') as unauthenticated,
       sumIf(calls, outcome = 'forbidden') as forbidden,
       sum(calls) as total
  from {grain}
 where start >= toDateTime({from}, 'UTC')
   and start < toDateTime({until}, 'UTC')
