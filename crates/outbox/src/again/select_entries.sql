-- What an endpoint was told, or is held back from it: a challenge was asked for once. Uses deliveries_of_endpoint and the primary key of messages.
select entry_no, delivery_id from deliveries join messages on messages.message_id = deliveries.message_id
 where state in ('held', 'delivered', 'dead', 'cancelled')
   and kind <> 'verify'
   and not exists (select 1 from endpoints
                    where endpoints.endpoint_id = deliveries.endpoint_id and endpoints.state = 'removed')
