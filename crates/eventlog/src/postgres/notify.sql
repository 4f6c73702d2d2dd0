-- Wakes the other instances. A notification is a commit like any other and would wait for the disk, next to the commands'
-- own: one that is lost with the server wakes nobody, and they poll.
select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)
