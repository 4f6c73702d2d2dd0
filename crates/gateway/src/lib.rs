//! The data plane core: judges every call from memory, follows the log, counts what it judged. No transport.
#![warn(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod addresses;
mod call;
mod counters;
mod decide;
mod decisions;
mod explain;
pub mod flush;
pub mod follow;
mod gateway;
mod gcra;
mod index;
mod metered;
mod own_limits;
pub mod path;
mod quota;
mod responses;
mod scopes;
mod settings;
mod shadow;
pub mod sharing;
mod sightings;
mod snapshot;
pub mod snapshot_file;
#[cfg(test)]
mod testing;
mod throttled;
mod tracked;
mod usage;
mod weighed;

pub use call::{Call, Decision, HeaderField, Headers};
pub use decisions::KeptDecisions;
pub use domain::decision::{LimitKind, LimitStatus};
pub use flush::{CounterRow, Flush, FlushSink, SinkFailure};
pub use follow::{ConfigurationFeed, FeedBatch, FeedFailure};
pub use gateway::Gateway;
pub use metered::{Every, Metered, MeteredCall, OwnLimit, OwnStanding, Unit};
pub use responses::Response;
pub use scopes::Scopes;
pub use settings::{OnStale, Settings, Unmatched};
pub use sharing::{Judged, PoolFailure, PoolKey, QuotaPool, Reservation, SharedQuotas, Shortage, WhenAlone};
pub use snapshot::{GatewaySnapshot, SnapshotFailure};
pub use tracked::{Subject, Tracked};
