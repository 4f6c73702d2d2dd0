-- Who presented which secret; conditions, order and limit follow. Uses secret_sightings_pkey for some secrets and for those
-- of one key, secret_sightings_by_age for what is to be pruned.
select key_id, secret_version, calls, last_at_us, addresses, user_agents
  from secret_sightings
 where 1 = 1
