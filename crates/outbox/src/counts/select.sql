-- What has not come to a good end, by channel. Uses deliveries_by_state.
select channel, state, count(*) as deliveries, min(due_at_us) as oldest_due_us from deliveries
 where state in ('pending', 'held', 'gathered', 'dead')
 group by channel, state
 order by channel, state
