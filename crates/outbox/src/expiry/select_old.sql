-- Deliveries that are held and were made before, the first of them. Uses deliveries_by_state.
select entry_no from deliveries where state = 'held' and created_at_us < $1 order by entry_no limit $2
