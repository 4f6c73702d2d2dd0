-- The peppers that stored digests were made under. Uses the primary key (aggregate_type, …): keys' events only.
select distinct (payload -> 'secret' -> 'digest' ->> 'pepper_version')::bigint as version
  from events
 where aggregate_type = 'api_key' and event_type in ('api_key.issued', 'api_key.rotated')
 order by 1
