-- Has the longest due of an endpoint step up from behind, so many. Uses deliveries_behind.
update deliveries set behind = 0
 where entry_no in (
    select entry_no from deliveries
     where endpoint_id = $1 and state = 'pending' and behind = 1
     order by due_at_us, entry_no
     limit $2
     for update skip locked)
