-- What the application may do: add to the truth, never change it. {role} is a quoted identifier.
grant usage on schema tollgate to {role};
grant select, insert on tollgate.events, tollgate.log to {role};
grant select, insert, delete on tollgate.events_pending, tollgate.personal_data, tollgate.commands to {role};
grant select, insert on tollgate.log_subtrees, tollgate.log_identities, tollgate.checkpoints,
                         tollgate.checkpoint_keys to {role};
grant select on tollgate._sqlx_migrations to {role};
