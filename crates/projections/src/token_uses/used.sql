-- A token was used. Safe to repeat, and in any order: the later time stays. Uses the primary key.
insert into token_uses (principal_id, last_used_at_us) values ($1, $2)
on conflict (principal_id) do update set last_used_at_us = excluded.last_used_at_us
 where token_uses.last_used_at_us < excluded.last_used_at_us
