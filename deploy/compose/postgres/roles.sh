#!/bin/bash
# Run once by the Postgres image, on an empty data directory: one role that owns the tables, one that may use them.
set -euo pipefail

passwords=/run/passwords
psql --username "$POSTGRES_USER" --dbname postgres --no-psqlrc --quiet -v ON_ERROR_STOP=1 \
    -v owner="$(cat "$passwords/owner")" -v app="$(cat "$passwords/app")" <<'SQL'
-- Makes and changes the schema (`tollgate migrate`), and is otherwise not used.
create role tollgate_owner login password :'owner';
-- What every process connects as. It may add to the log and never change it; `tollgate migrate` grants that.
create role tollgate_app login password :'app';

create database tollgate owner tollgate_owner;
revoke all on database tollgate from public;
grant connect on database tollgate to tollgate_app;
\connect tollgate
-- Nobody makes tables beside ours.
revoke all on schema public from public;
SQL
