-- From how many addresses clients called; conditions, order and limit follow. Uses usage_addresses_pkey.
select start_s, client_id, environment, sketch
  from usage_addresses
 where 1 = 1
