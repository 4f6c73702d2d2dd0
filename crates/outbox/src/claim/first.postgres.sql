-- Leases what is due and was never tried, the longest due first, and no more of one endpoint than may be in flight.
-- What another claims in this moment is passed over.
-- Uses deliveries_first, and deliveries_leased for what is in flight.
with busy as (
    select endpoint_id, count(*) as in_flight from deliveries
     where leased_until_us > $2 and endpoint_id is not null
     group by endpoint_id
), due as (
    select delivery_id, endpoint_id, due_at_us, entry_no from deliveries
     where state = 'pending' and behind = 0 and attempts = 0 and channel = $1 and due_at_us <= $2
       and (leased_until_us is null or leased_until_us <= $2)
       and coalesce(endpoint_id, '') not in (select endpoint_id from busy where in_flight >= $5)
     order by due_at_us, entry_no
     limit $6
     for update skip locked
), in_turn as (
    select delivery_id, endpoint_id, due_at_us, entry_no,
           row_number() over (partition by coalesce(endpoint_id, delivery_id) order by due_at_us, entry_no) as turn
      from due
), taken as (
    select in_turn.delivery_id from in_turn left join busy on busy.endpoint_id = in_turn.endpoint_id
     where turn + coalesce(in_flight, 0) <= $5
     order by due_at_us, entry_no
     limit $7
)
update deliveries set lease = $3, leased_until_us = $4, attempts = attempts + 1
 where delivery_id in (select delivery_id from taken)
