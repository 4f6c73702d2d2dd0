//! The servers that tests run against: a real Postgres, a real nats-server, a mail server, a receiver of HTTP, each on a
//! port of its own under a temporary directory. `cargo xtask test` sets their programs up; nothing is left running.

mod authority;
mod mail;
mod nats;
mod poll;
mod ports;
mod postgres;
mod process;
mod receiver;
mod wire;

pub use authority::Authority;
pub use mail::MailServer;
pub use nats::Nats;
pub use poll::until;
pub use ports::Port;
pub use postgres::{Database, Postgres};
pub use process::{Exit, Process};
pub use receiver::{Asked, Receiver, Reply};
pub use wire::Wire;

use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// A tool that `cargo xtask test` sets up. Missing, it fails the test: a skipped proof looks like a passed one.
///
/// # Errors
/// When its variable is not set or names nothing that is there.
pub fn tool(variable: &str) -> Result<PathBuf> {
    let path =
        std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from).with_context(|| {
            format!("{variable} is not set: run `cargo xtask test`, or first eval \"$(cargo xtask tools)\"")
        })?;
    anyhow::ensure!(path.exists(), "{variable} names {}, which is not there", path.display());
    Ok(path)
}

/// A directory of a test's own, removed with its handle.
///
/// # Errors
/// When it cannot be made.
pub fn scratch() -> Result<tempfile::TempDir> {
    let mut directory =
        tempfile::Builder::new().prefix("tollgate-test-").tempdir().context("making a directory")?;
    directory.disable_cleanup(std::env::var_os("TOLLGATE_TEST_KEEP").is_some());
    Ok(directory)
}
