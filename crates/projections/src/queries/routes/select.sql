-- Routes; conditions, order and limit follow. Uses the primary key for one route and for paging,
-- route_directory_by_shape for overlaps.
select route_id, status, spec, version, position, defined_at_us, updated_at_us
  from route_directory
 where 1 = 1
