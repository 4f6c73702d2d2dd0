begin;
-- The sorts of two indexes of some million rows in memory; a helper each would take from the other.
set local statement_timeout = 0;
set local maintenance_work_mem = '256MB';
set local max_parallel_maintenance_workers = 0;
set local synchronous_commit = off;
