-- Takes away the mark of an import that is done. Uses the primary key.
delete from commands where command_key = ?1
