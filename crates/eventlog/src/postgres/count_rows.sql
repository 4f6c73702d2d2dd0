-- What a log has in it: events, positions, those that have none yet, personal values, commands without the mark of an
-- import.
select (select count(*) from events), (select count(*) from log), (select count(*) from events_pending),
       (select count(*) from personal_data), (select count(*) from commands where command_key <> $1)
