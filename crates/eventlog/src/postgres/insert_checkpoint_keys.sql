-- Notes the public keys of those who sign. Safe to repeat, and for two to do at once.
insert into checkpoint_keys (vkey, identity, first_size, first_signed_at)
select vkey, $2, $3, $4 from unnest($1::text[]) as key (vkey)
on conflict do nothing
