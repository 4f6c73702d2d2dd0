-- The peppers that stored digests were made under. Uses the unique index on (aggregate_type, …): keys' events only.
select distinct json_extract(payload, '$.secret.digest.pepper_version')
  from events
 where aggregate_type = 'api_key' and event_type in ('api_key.issued', 'api_key.rotated')
 order by 1
