-- Takes away the mark of an import that is done. Uses commands_pkey.
delete from commands where command_key = $1
