//! A key of one client in one environment; its id stays over rotations, each rotation adds a secret version.

mod commands;
mod events;
mod overlap;
mod rules;
mod state;
#[cfg(test)]
mod tests;

pub use commands::{
    ApiKeyCommand, ApiKeyRefusal, CancelRevocation, ExpireKey, ExtendOverlap, IDLE_HOURS_MAX, IssueKey,
    JudgePrevious, NewSecret, OVERLAP_SECONDS_MAX, OverlapEnd, ReinstateKey, RetirePrevious, RevokeKey,
    RotateKey, SuspendKey,
};
pub use events::{
    ApiKeyEvent, Expired, Issued, OverlapExtended, PreviousRetired, PreviousStillBusy, Reinstated,
    RevocationCancelled, RevocationScheduled, Revoked, Rotated, SecretVersion, Suspended,
};
pub use state::{ApiKey, Lineage, Overlap};
