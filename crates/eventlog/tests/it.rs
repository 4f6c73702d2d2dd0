//! The log's contract, run on each engine, and what each engine adds.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests stop at what they did not expect"
)]

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
#[path = "it/sqlite.rs"]
mod sqlite;
#[path = "it/support.rs"]
mod support;
#[path = "it/transfer.rs"]
mod transfer;
#[path = "it/usage.rs"]
mod usage;
