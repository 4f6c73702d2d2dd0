-- What ended before. Uses deliveries_ended.
select entry_no from deliveries where ended_at_us < $1 and leased_until_us is null order by ended_at_us limit $2
