-- The peppers that stored digests, and the secrets of webhooks, were made under. Uses the primary key (aggregate_type, …): keys',
-- principals' and webhooks' events only.
select distinct coalesce(payload -> 'secret' -> 'digest' ->> 'pepper_version', payload -> 'secret' ->> 'pepper_version')::bigint
       as version
  from events
 where (aggregate_type = 'api_key' and event_type in ('api_key.issued', 'api_key.rotated'))
    or (aggregate_type = 'principal'
        and event_type in ('principal.token_issued', 'principal.token_rotated', 'principal.claim_reopened'))
    or (aggregate_type = 'webhook' and event_type in ('webhook.created', 'webhook.secret_rotated'))
 order by 1
