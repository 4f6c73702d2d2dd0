-- The peppers that stored digests were made under. Uses the unique index on (aggregate_type, …): keys' and principals' events only.
select distinct json_extract(payload, '$.secret.digest.pepper_version')
  from events
 where (aggregate_type = 'api_key' and event_type in ('api_key.issued', 'api_key.rotated'))
    or (aggregate_type = 'principal'
        and event_type in ('principal.token_issued', 'principal.token_rotated', 'principal.claim_reopened'))
 order by 1
