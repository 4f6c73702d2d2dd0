-- Calls of a part of a report by window, dimensions and outcome; `$1` is where the report begins. Conditions follow, and grouping where
-- rows are added up. Uses the primary keys, or the indexes by client and by route for one of them.
select {window} as window_s,
       {owner_team} as owner_team,
       {client_id} as client_id,
       {key_id} as key_id,
       {secret_version} as secret_version,
       {route_id} as route_id,
       {environment} as environment,
       outcome,
       {calls} as calls
  from {counted}
 where start_s >= $1
