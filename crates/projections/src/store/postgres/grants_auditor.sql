-- What an auditor may do: read the views made for it, and nothing that is behind them.
grant usage on schema tollgate_audit to {role};
grant select on all tables in schema tollgate_audit to {role};
