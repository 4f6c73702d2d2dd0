-- Under which names the log was ever signed, in their order; there are few.
select number, origin, made_at, reason, abandoned_origin, abandoned_size from log_identities order by number
