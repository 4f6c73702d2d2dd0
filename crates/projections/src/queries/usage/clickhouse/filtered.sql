select tuple(toInt64(toUnixTimestamp(start)), dictGetOrDefault('client_owners', 'owner_team', client_id, ''), client_id, '', toUInt32(0), route_id, '') as place,
       sumIf(calls, outcome = 'allowed') as allowed,
       sumIf(calls, outcome = 'rate_limited') as rate_limited,
       sumIf(calls, outcome = 'quota_exceeded') as quota_exceeded,
       sumIf(calls, outcome = 'unauthenticated') as unauthenticated,
       sumIf(calls, outcome = 'forbidden') as forbidden,
       sum(calls) as total
  from usage_minute
 where start >= toDateTime({p1:Int64}, 'UTC')
   and start < toDateTime({p2:Int64}, 'UTC')
   and dictGetOrDefault('client_owners', 'owner_team', client_id, '') = {p3:String}
   and client_id = {p4:String}
   and key_id = {p5:String}
   and route_id = {p6:String}
   and environment = {p7:String}
   and secret_version = {p8:Int64}
   and ((dictGetOrDefault('client_owners', 'owner_team', client_id, '') = {p9:String} and environment in ({p10:String}, {p11:String})) or (environment in ({p12:String})))
 group by place
having place > tuple({p13:Int64}, {p14:String}, {p15:String}, {p16:String}, {p17:Int64}, {p18:String}, {p19:String})
 order by place
 limit {p20:Int64}
format JSONEachRow
