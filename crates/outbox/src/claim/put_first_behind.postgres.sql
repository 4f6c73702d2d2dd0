-- Puts what is due first out of the way where its endpoint takes no more, so many at once. Uses deliveries_first,
-- and deliveries_leased.
update deliveries set behind = 1
 where entry_no in (
    select entry_no from (
        select entry_no, endpoint_id from deliveries
         where state = 'pending' and behind = 0 and attempts = 0 and channel = $1 and due_at_us <= $2 and leased_until_us is null
         order by due_at_us, entry_no
         limit $4 for update skip locked) as head
     where endpoint_id in (
        select endpoint_id from deliveries
         where leased_until_us > $2 and endpoint_id is not null
         group by endpoint_id
        having count(*) >= $3))
