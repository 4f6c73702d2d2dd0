-- Notes the hashes of complete subtrees. Safe to repeat, and for two to do at once.
insert into log_subtrees (level, node, hash)
select * from unnest($1::bigint[], $2::bigint[], $3::bytea[])
on conflict do nothing
