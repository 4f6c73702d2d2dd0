-- The migrations that were applied to this schema, as sqlx keeps them.
select version, success, checksum from _sqlx_migrations
