-- When the next is due that nobody holds, or that was held and not reported. Uses deliveries_first, deliveries_again,
-- deliveries_behind and deliveries_leased.
select min(due_at_us) as due_at_us from (
    select min(due_at_us) as due_at_us from deliveries
     where state = 'pending' and behind = 0 and attempts = 0 and channel = $1 and leased_until_us is null
    union all
    select min(due_at_us) from deliveries
     where state = 'pending' and behind = 0 and attempts > 0 and channel = $1 and leased_until_us is null
    union all
    select min(due_at_us) from deliveries where state = 'pending' and behind = 1 and channel = $1
    union all
    select min(leased_until_us) from deliveries
     where state = 'pending' and channel = $1 and leased_until_us is not null
) as due
