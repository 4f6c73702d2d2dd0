//! What is to be told, and to whom: messages, deliveries and their attempts, in a queue that is kept in the store.
//!
//! A *message* is what is told: of an event of the log, of a notice, a verification, a test or a digest. A *delivery* is one
//! message to one recipient: an endpoint, or an address. An *attempt* is one try. Whoever hands messages over does so in one
//! transaction with the checkpoint of what it has read; whoever delivers claims deliveries for a while, and reports. The time
//! is always given.
#![warn(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod addresses;
mod again;
mod claim;
mod counts;
mod delivery;
mod digests;
mod endpoints;
mod expiry;
mod failure;
mod handover;
mod lists;
mod message;
mod named;
mod prune;
mod report;
mod schedule;
mod store;
#[cfg(test)]
mod tests;

use std::{fmt, path::Path, sync::Arc};

use sqlx::PgPool;
use tokio::sync::watch;

pub use addresses::{Forgotten, Marked, MarkedAddress};
pub use again::{ReplayFilter, Replayed, Resent};
pub use claim::{Claim, Claimed, Lease};
pub use counts::{Backlog, Waiting};
pub use delivery::{Channel, DeliveryState, NewDelivery, Recipient, Start};
pub use digests::{Digest, Gathered, Taken};
pub use endpoints::{EndpointHealth, EndpointState};
pub use expiry::{GivenUp, HeldBounds};
pub use failure::{OpenFailure, OutboxFailure};
pub use handover::{Cancel, Committed, Handover, Moved};
pub use lists::{AttemptRow, DeliveryFilter, DeliveryRow, Entry, MessageRow, Page};
pub use message::{MessageKind, NewMessage, NoticeKey, hashed};
pub use named::UnknownName;
pub use prune::Pruned;
pub use report::{Attempt, AttemptOutcome, Outcome, Report, Reported, Unsent};
pub use schedule::{Jitter, RETRY_AFTER_MAX, SCHEDULE, next_attempt};
use store::Store;
pub use store::migrate_postgres;

/// The outbox of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    store: Store,
    /// Counts what this process has made due.
    news: Arc<watch::Sender<u64>>,
    /// For the one writer of the embedded engine.
    reports: Arc<report::Waiting>,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.store {
            Store::Sqlite { .. } => "Outbox(sqlite)",
            Store::Postgres { .. } => "Outbox(postgres)",
        })
    }
}

impl Outbox {
    /// Opens the file of the embedded engine, creating it at first.
    ///
    /// # Errors
    /// When the file cannot be opened, is damaged, or was written by a newer Tollgate.
    pub async fn open_sqlite(file: &Path) -> Result<Self, OpenFailure> {
        Ok(Self::of(Store::open_sqlite(file).await?))
    }

    /// Takes a pool whose search path is the outbox's schema, which [`migrate_postgres`] has brought up to date.
    ///
    /// # Errors
    /// When the database cannot be read, or its schema is older, newer or other than this program's.
    pub async fn open_postgres(pool: PgPool) -> Result<Self, OpenFailure> {
        Ok(Self::of(Store::open_postgres(pool).await?))
    }

    fn of(store: Store) -> Self {
        Self { store, news: Arc::new(watch::Sender::new(0)), reports: Arc::default() }
    }

    /// Changes whenever this process has made something due. What other processes make due is found by asking again.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    fn wake(&self) {
        self.news.send_modify(|news| *news = news.wrapping_add(1));
    }

    /// Finishes what was begun and closes the file, or the pool.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
