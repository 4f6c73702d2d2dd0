select tuple(toInt64(toUnixTimestamp(toStartOfDay(start, {p1:String}))), dictGetOrDefault('client_owners', 'owner_team', client_id, ''), client_id, '', toUInt32(0), route_id, '') as place,
       sumIf(calls, outcome = 'allowed') as allowed,
       sumIf(calls, outcome = 'rate_limited') as rate_limited,
       sumIf(calls, outcome = 'quota_exceeded') as quota_exceeded,
       sumIf(calls, outcome = 'unauthenticated') as unauthenticated,
       sumIf(calls, outcome = 'forbidden') as forbidden,
       sum(calls) as total
  from usage_quarter
 where start >= toDateTime({p2:Int64}, 'UTC')
   and start < toDateTime({p3:Int64}, 'UTC')
 group by place
 order by place
 limit {p4:Int64}
format JSONEachRow
