-- Gives the log a name to be signed under.
insert into log_identities (number, origin, made_at, reason, abandoned_origin, abandoned_size)
values ($1, $2, $3, $4, $5, $6)
