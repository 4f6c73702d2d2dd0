-- What a change of a route, or of a policy that binds one, would touch is asked by route: without this index it would be
-- a day of everybody's calls that is read.
create index usage_quarter_by_route on usage_quarter (route_id, start_s);
