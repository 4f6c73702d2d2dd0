//! A key of one client in one environment; its id stays over rotations, each rotation adds a secret version.

mod commands;
mod events;
mod import;
mod leak;
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
    ApiKeyEvent, Expired, ForeignVersion, Imported, Issued, Origin, OverlapExtended, PreviousRetired,
    PreviousStillBusy, Reinstated, RevocationCancelled, RevocationScheduled, Revoked, Rotated, SecretVersion,
    Suspended,
};
pub use import::{ForeignSecret, ImportKey, ImportRefusal, imported_key_id};
pub use leak::{
    LeakAction, LeakReceiver, LeakReported, LeakResponse, LeakUrl, Quarantined, ReleaseKey, Released,
    ReportLeak,
};
pub use state::{ApiKey, HeldSecret, Lineage, Overlap, Proof, Quarantine};
