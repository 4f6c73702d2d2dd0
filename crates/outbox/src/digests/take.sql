-- Has a digest take what was gathered for it. Uses deliveries_by_address.
update deliveries set gathered_into = $4
 where address = $1 and digest_key = $2 and state = 'gathered' and gathered_into is null and due_at_us <= $3
