-- Writes deliveries, each once by its id, as the state of its endpoint has them begin.
insert into deliveries (delivery_id, message_id, channel, endpoint_id, address, state, attempts, failures, due_at_us, digest_key,
       cancel_key, created_at_us, ended_at_us)
select value ->> 'delivery_id', value ->> 'message_id', value ->> 'channel', value ->> 'endpoint_id', value ->> 'address',
       case when endpoints.state = 'removed' then 'cancelled'
            when value ->> 'digest_key' is not null then 'gathered'
            when endpoints.state = 'held' and value ->> 'tries' = 0 then 'held'
            else 'pending' end,
       0, 0, value ->> 'due_at_us', value ->> 'digest_key', value ->> 'cancel_key', value ->> 'created_at_us',
       case when endpoints.state = 'removed' then value ->> 'created_at_us' end
  from json_each($1) left join endpoints on endpoints.endpoint_id = value ->> 'endpoint_id'
 where true
 order by value ->> 'place'
on conflict (delivery_id) do nothing
