-- Addresses that mail does not reach, behind one of them. Uses the primary key.
select address, marked_at_us, reason from addresses where address > $1 order by address limit $2
