//! Who may do what, in memory: the principals and grants of the log, asked on every request and never from a database.
//!
//! Built by following the log: what there is first, then what comes. Source: ADR 0031.

mod approvals;
pub(crate) mod claim;
mod follow;
mod index;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use approvals::{KnownApproval, KnownRule};
pub use claim::finish_claims;
pub(crate) use follow::is_ours;
pub use follow::run as follow;
pub use index::AccessIndex;
