//! Requests through the router, over a real log and real read models.

mod access;
mod as_of;
mod audit;
mod audit_proofs;
mod bad_input;
mod bulk;
mod clients;
mod documented;
mod dry_run;
mod frame;
mod gateways;
mod harness;
mod hygiene;
mod idempotency;
mod import;
mod imports;
mod keys;
mod leaks;
mod lists;
mod policies;
mod receipts;
mod reports;
mod rotation;
mod routes;
mod scheduled_changes;
mod versions;
