-- Keeps that mail does not reach an address. Uses the primary key.
insert into addresses (address, marked_at_us, reason) values ($1, $2, $3)
on conflict (address) do update set marked_at_us = excluded.marked_at_us, reason = excluded.reason
