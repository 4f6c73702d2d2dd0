-- What is gathered and due, by whom it is for and under which key. Uses deliveries_gathered.
select address, digest_key, count(*) as deliveries from deliveries
 where state = 'gathered' and gathered_into is null and due_at_us <= $1 and address is not null
 group by address, digest_key
 order by min(due_at_us), address, digest_key
 limit $2
