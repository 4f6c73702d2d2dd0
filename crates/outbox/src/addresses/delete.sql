-- Forgets what is known of an address. Reads the whole table: an erasure is rare.
delete from addresses where lower(address) = lower($1)
