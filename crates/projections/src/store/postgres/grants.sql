-- What the application may do with read models: everything but change their form. They are made again from the log.
grant usage on schema {schema} to {role};
grant select, insert, update, delete, truncate on all tables in schema {schema} to {role};
revoke insert, update, delete, truncate on {schema}._sqlx_migrations from {role};
grant execute on function {schema}.keep_usage(text, bigint, bigint, bigint) to {role};
