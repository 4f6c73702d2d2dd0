-- What the application may do with the outbox: everything but change its form.
grant usage on schema {schema} to {role};
grant select, insert, update, delete on all tables in schema {schema} to {role};
grant usage on all sequences in schema {schema} to {role};
revoke insert, update, delete on {schema}._sqlx_migrations from {role};
