-- Whether this role may change a table's indexes, how many there are, and whether one of them is its primary key.
select pg_has_role(c.relowner, 'usage') as may_change,
       (select count(*) from pg_index i where i.indrelid = c.oid and i.indisvalid) as indexes,
       exists (select 1 from pg_constraint k where k.conrelid = c.oid and k.contype = 'p') as has_key
  from pg_class c
 where c.oid = $1::text::regclass
