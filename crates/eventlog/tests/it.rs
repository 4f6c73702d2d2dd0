//! The log's contract, run on each engine, and what each engine adds.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests stop at what they did not expect"
)]

#[path = "it/audit_file.rs"]
mod audit_file;
#[path = "it/bus.rs"]
mod bus;
#[path = "it/bus_cluster.rs"]
mod bus_cluster;
#[path = "it/bus_envelope.rs"]
mod bus_envelope;
#[path = "it/bus_faults.rs"]
mod bus_faults;
#[path = "it/bus_feed.rs"]
mod bus_feed;
#[path = "it/bus_publisher.rs"]
mod bus_publisher;
#[path = "it/bus_usage.rs"]
mod bus_usage;
#[path = "it/changes.rs"]
mod changes;
#[path = "it/checkpoints.rs"]
mod checkpoints;
#[path = "it/contract.rs"]
mod contract;
#[path = "it/golden.rs"]
mod golden;
#[path = "it/installation.rs"]
mod installation;
#[path = "it/library.rs"]
mod library;
#[path = "it/postgres.rs"]
mod postgres;
#[path = "it/postgres_positions.rs"]
mod postgres_positions;
#[path = "it/sqlite.rs"]
mod sqlite;
#[path = "it/support.rs"]
mod support;
#[path = "it/tls.rs"]
mod tls;
#[path = "it/transfer.rs"]
mod transfer;
#[path = "it/usage.rs"]
mod usage;
