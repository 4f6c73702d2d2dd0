-- What a log has in it: events, positions, personal values, commands without the mark of an import.
select (select count(*) from events), (select count(*) from log), (select count(*) from personal_data),
       (select count(*) from commands where command_key <> ?1)
