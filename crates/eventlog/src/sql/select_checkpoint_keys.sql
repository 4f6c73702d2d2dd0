-- By which keys checkpoints were ever signed, the oldest first; there are few.
select vkey, identity, first_size, first_signed_at from checkpoint_keys order by identity, first_size, vkey
