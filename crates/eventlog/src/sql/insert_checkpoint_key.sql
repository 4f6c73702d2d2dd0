-- Notes the public key of one who signs. Safe to repeat.
insert into checkpoint_keys (vkey, identity, first_size, first_signed_at)
select $1, $2, $3, $4 where not exists (select 1 from checkpoint_keys where vkey = $1)
