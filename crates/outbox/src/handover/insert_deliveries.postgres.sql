-- Writes deliveries, each once by its id, as the state of its endpoint has them begin.
insert into deliveries (delivery_id, message_id, channel, endpoint_id, address, state, attempts, failures, due_at_us, digest_key,
       cancel_key, created_at_us, ended_at_us)
select delivery_id, message_id, channel, given.endpoint_id, address,
       case when endpoints.state = 'removed' then 'cancelled'
            when digest_key is not null then 'gathered'
            when endpoints.state = 'held' and tries = 0 then 'held'
            else 'pending' end,
       0, 0, due_at_us, digest_key, cancel_key, created_at_us,
       case when endpoints.state = 'removed' then created_at_us end
  from json_to_recordset($1::json) as given (place bigint, delivery_id text, message_id text, channel text, endpoint_id text,
       address text, tries bigint, due_at_us bigint, digest_key text, cancel_key text, created_at_us bigint)
  left join endpoints on endpoints.endpoint_id = given.endpoint_id
 order by place
on conflict (delivery_id) do nothing
