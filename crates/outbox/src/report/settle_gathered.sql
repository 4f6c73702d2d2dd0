-- What was told in a digest ends with it. Uses deliveries_gathered_into.
update deliveries set state = $2, ended_at_us = $3 where gathered_into = $1
