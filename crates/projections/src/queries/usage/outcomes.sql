-- The rows of a report, the outcomes beside each other: of `summed` there are few where there were many calls. Dimensions that were not
-- asked for are constant. A condition, grouping, order and limit follow.
select window_s,
       {owner_team} as owner_team,
       {client_id} as client_id,
       {key_id} as key_id,
       {secret_version} as secret_version,
       {route_id} as route_id,
       {environment} as environment,
       cast(sum(case when outcome = 'allowed' then calls else 0 end) as bigint) as allowed,
       cast(sum(case when outcome = 'rate_limited' then calls else 0 end) as bigint) as rate_limited,
       cast(sum(case when outcome = 'quota_exceeded' then calls else 0 end) as bigint) as quota_exceeded,
       cast(sum(case when outcome = 'unauthenticated' then calls else 0 end) as bigint) as unauthenticated,
       cast(sum(case when outcome = 'forbidden' then calls else 0 end) as bigint) as forbidden,
       cast(sum(calls) as bigint) as total
  from (
{summed}
) summed
