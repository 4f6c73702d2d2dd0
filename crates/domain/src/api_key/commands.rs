//! What may be asked of a key, and what it may be refused for.

use std::collections::BTreeSet;

use ipnet::IpNet;
use jiff::SignedDuration;

use super::{ImportKey, ReleaseKey, ReportLeak};
use crate::{
    ClientId, Environment, Name, Reason, Scope, Timestamp,
    api_client::{ClientFacts, ClientStanding},
    refusal::refusals,
    secret::{Locator, SecretDigest},
};

/// The longest that an old secret may live beside the new one: 90 days.
pub const OVERLAP_SECONDS_MAX: u32 = 90 * 24 * 60 * 60;

/// The longest that a rotation may wait for its old secret to be idle: as long as that one may live.
pub const IDLE_HOURS_MAX: u16 = 90 * 24;
/// A secret that is used so shortly before its end is still busy.
pub(super) const BUSY_BEFORE_END: SignedDuration = SignedDuration::from_hours(24);

/// What may be asked of a key.
#[derive(Debug)]
pub enum ApiKeyCommand {
    Issue(IssueKey),
    Rotate(RotateKey),
    ExtendOverlap(ExtendOverlap),
    RetirePrevious(RetirePrevious),
    JudgePrevious(JudgePrevious),
    Revoke(RevokeKey),
    CancelRevocation(CancelRevocation),
    Suspend(SuspendKey),
    Reinstate(ReinstateKey),
    Expire(ExpireKey),
    Import(ImportKey),
    ReportLeak(ReportLeak),
    Release(ReleaseKey),
}

/// What is kept of a freshly made secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecret {
    pub locator: Locator,
    pub digest: SecretDigest,
    /// The last characters: [`PresentedSecret::hint`](crate::secret::PresentedSecret::hint).
    pub hint: String,
}

/// Makes a key, its first secret version live at once or from `not_before` on.
#[derive(Debug)]
pub struct IssueKey {
    pub now: Timestamp,
    pub client_id: ClientId,
    /// The client as it stands when this is asked.
    pub client: ClientFacts,
    pub name: Name,
    pub environment: Environment,
    /// None: whatever the client holds, now and later. An empty set grants nothing.
    pub scopes: Option<BTreeSet<Scope>>,
    /// Within ten years of now, either way.
    pub not_before: Option<Timestamp>,
    /// After now and `not_before`, at most ten years ahead.
    pub expires_at: Option<Timestamp>,
    /// At most 50; empty: from anywhere.
    pub allowed_cidrs: Vec<IpNet>,
    pub secret: NewSecret,
}

/// Gives a key a new secret and lets the old one live on for a while.
#[derive(Debug)]
pub struct RotateKey {
    pub now: Timestamp,
    /// The client as it stands when this is asked.
    pub client: ClientStanding,
    pub secret: NewSecret,
    /// How long the old secret lives on: 0 to [`OVERLAP_SECONDS_MAX`].
    pub overlap_seconds: u32,
    /// None keeps the end that the key has.
    pub expires_at: Option<Timestamp>,
    pub reason: Option<Reason>,
    /// The old secret is retired once it has not been used for so many hours: 1 to [`IDLE_HOURS_MAX`]. None: it lives
    /// for the overlap.
    pub retire_when_idle_hours: Option<u16>,
}

/// Lets the old secret of a rotation live longer. To stop it earlier, retire it.
#[derive(Debug)]
pub struct ExtendOverlap {
    pub now: Timestamp,
    pub until: OverlapEnd,
    pub reason: Reason,
}

/// When an old secret is to stop: at most [`OVERLAP_SECONDS_MAX`] after the rotation, and never after its own expiry or
/// the key's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverlapEnd {
    At(Timestamp),
    /// So long after the rotation.
    AfterRotation {
        seconds: u32,
    },
}

/// Stops the old secret of a rotation now.
#[derive(Debug)]
pub struct RetirePrevious {
    pub now: Timestamp,
    pub reason: Reason,
}

/// Looks after the old secret of a rotation: retires it when it is idle, if that was asked for, and says that it is
/// still busy when its end is near. Has nothing to say at all other times.
#[derive(Debug)]
pub struct JudgePrevious {
    pub now: Timestamp,
    /// The version that the use is of; nothing is said of another.
    pub version: u32,
    /// Its last use as far as gateways have reported it.
    pub last_used_at: Option<Timestamp>,
}

/// Stops every secret version for good, now or at a time ahead.
#[derive(Debug)]
pub struct RevokeKey {
    pub now: Timestamp,
    /// None: now. A time replaces the one that was planned, while that is still ahead.
    pub at: Option<Timestamp>,
    pub reason: Reason,
}

/// Takes a planned revocation back while its time is ahead.
#[derive(Debug)]
pub struct CancelRevocation {
    pub now: Timestamp,
    pub reason: Reason,
}

/// Refuses a key's calls until it is reinstated.
#[derive(Debug)]
pub struct SuspendKey {
    pub reason: Reason,
}

/// Ends a suspension.
#[derive(Debug)]
pub struct ReinstateKey {
    pub reason: Reason,
}

/// Puts a passed end on record: the planned revocation if its time has come, else the expiry.
#[derive(Debug)]
pub struct ExpireKey {
    pub now: Timestamp,
}

refusals! {
    /// Why a command about a key was refused.
    pub enum ApiKeyRefusal {
        NotIssued = ("key_not_found", "there is no such key"),
        AlreadyIssued = ("key_already_issued", "the key is already issued"),
        NoClient = ("client_not_found", "there is no such client"),
        ClientNotActive { standing: ClientStanding }
            = ("client_not_active", "the client is {standing}: only an active client's keys can be issued or rotated"),
        EnvironmentNotAllowed { environment: Environment }
            = ("environment_not_allowed", "the client may not use the environment `{environment}`"),
        ScopeNotGranted { scope: Scope } = ("scope_not_granted", "the client does not hold the scope `{scope}`"),
        ExpiryNotAhead { expires_at: Timestamp, now: Timestamp }
            = ("expiry_not_ahead", "the key would expire at {expires_at}, which is not after now ({now})"),
        ExpiryTooFar { expires_at: Timestamp, latest: Timestamp }
            = ("expiry_too_far", "the key would expire at {expires_at}; the latest allowed is {latest}"),
        ExpiryNotAfterStart { not_before: Timestamp, expires_at: Timestamp }
            = ("expiry_not_after_start", "the key would expire at {expires_at}, not after its start at {not_before}"),
        StartOutOfBounds { not_before: Timestamp, earliest: Timestamp, latest: Timestamp }
            = ("start_out_of_bounds", "the key would start at {not_before}, which is not within {earliest} and {latest}"),
        TooManyCidrs { what: &'static str, given: usize, allowed: usize }
            = ("too_many_items", "{given} {what} are more than the {allowed} allowed"),
        OverlapTooLong { overlap_seconds: u32, allowed: u32 }
            = ("overlap_too_long", "an overlap of {overlap_seconds} s is more than the {allowed} s allowed"),
        RotationRunning { previous_until: Timestamp }
            = ("rotation_running", "the secret before the current one still lives until {previous_until}; a third is not allowed beside them"),
        IdleHoursOutOfBounds { hours: u16, allowed: u16 }
            = ("idle_hours_out_of_bounds", "an idle time of {hours} h is not within 1 and {allowed} h"),
        NoOverlap = ("no_overlap", "no secret lives beside the current one"),
        OverlapNotExtended { until: Timestamp, previous_until: Timestamp }
            = ("overlap_not_extended", "the old secret lives until {previous_until}, which is after {until}; to stop it earlier, retire it"),
        OverlapEndTooFar { until: Timestamp, latest: Timestamp }
            = ("overlap_end_too_far", "the old secret would stop at {until}; the latest allowed is {latest}: 90 days after the rotation, its own expiry or the key's, whichever comes first"),
        RevocationNotAhead { at: Timestamp, now: Timestamp }
            = ("revocation_not_ahead", "a revocation at {at} is not after now ({now}); leave `at` out to revoke now"),
        RevocationTooFar { at: Timestamp, latest: Timestamp }
            = ("revocation_too_far", "a revocation at {at} is too far ahead; the latest allowed is {latest}"),
        Suspended = ("key_suspended", "the key is suspended; reinstate it first"),
        Revoked = ("key_revoked", "the key is revoked, which is final"),
        Expired = ("key_expired", "the key has expired, which is final"),
        ImportedDifferently { external_id: Name }
            = ("key_imported_differently", "`{external_id}` is imported already, with another secret, client or environment"),
        LeakedSecretLives { secret_version: u32, until: Option<Timestamp> }
            = ("leaked_secret_lives", "the leaked secret, version {secret_version}, still opens the key; rotate it first, and wait for the end of the overlap"),
        NotYetExpired { expires_at: Option<Timestamp> } = ("key_not_yet_expired", "the key has not reached its expiry"),
    }
}
