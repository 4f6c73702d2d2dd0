-- Whether mail does not reach an address. Uses the primary key.
select marked_at_us, reason from addresses where address = $1
