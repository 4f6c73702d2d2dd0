//! A key of one client in one environment; its id stays over rotations, each rotation adds a secret version.

mod commands;
mod events;
mod rules;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{
    ApiKeyCommand, ApiKeyRefusal, ExpireKey, IssueKey, NewSecret, OVERLAP_SECONDS_MAX, ReinstateKey,
    RevokeKey, RotateKey, SuspendKey,
};
pub use events::{
    ApiKeyEvent, Expired, Issued, Reinstated, RevocationScheduled, Revoked, Rotated, SecretVersion, Suspended,
};
pub use state::{ApiKey, Lineage};
