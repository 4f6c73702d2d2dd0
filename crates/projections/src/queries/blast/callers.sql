-- Who has called a route since a time. Uses usage_quarter_by_route.
select {column} from usage_quarter where route_id = {route} and start_s >= {since}
