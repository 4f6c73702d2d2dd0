-- When a token of a service account was last used, to the minute. No projection makes it: without this table it is known anew from
-- the next use on.
create table token_uses (
    principal_id     text primary key,
    last_used_at_us  integer not null constraint token_uses_are_to_the_minute check (last_used_at_us % 60000000 = 0)
) strict;
