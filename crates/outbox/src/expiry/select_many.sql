-- The oldest of what is held for endpoints for which more is held than may be. Uses deliveries_by_state.
select entry_no from (
    select entry_no, row_number() over (partition by endpoint_id order by entry_no desc) as place
      from deliveries where state = 'held') as held
 where place > $1
 order by entry_no
 limit $2
