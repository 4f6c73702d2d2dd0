-- Whether this role may change the audit log's indexes, and whether any is missing.
select pg_has_role(c.relowner, 'usage') as may_change,
       (select count(*) from pg_index i where i.indrelid = c.oid) < 8 as incomplete
  from pg_class c
 where c.oid = 'audit_log'::regclass
