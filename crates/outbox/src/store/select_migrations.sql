-- What was applied, in order.
select version, success, checksum from _sqlx_migrations order by version
