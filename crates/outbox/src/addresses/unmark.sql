-- Has mail go to an address again. Uses the primary key.
delete from addresses where address = $1
