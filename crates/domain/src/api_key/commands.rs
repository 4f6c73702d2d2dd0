//! What may be asked of a key, and what it may be refused for.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::{ImportKey, ReleaseKey, ReportLeak};
use crate::{
    ClientId, Environment, Name, Reason, Scope, Timestamp,
    api_client::{ClientFacts, ClientStanding},
    refusal::refusals,
    secret::{Locator, SecretDigest},
};

/// The longest that an old secret may live beside the new one: 90 days.
pub const OVERLAP_SECONDS_MAX: u32 = 90 * 24 * 60 * 60;

/// What may be asked of a key.
#[derive(Debug)]
pub enum ApiKeyCommand {
    Issue(IssueKey),
    Rotate(RotateKey),
    Revoke(RevokeKey),
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
}

/// Stops every secret version for good, now or at a time ahead.
#[derive(Debug)]
pub struct RevokeKey {
    pub now: Timestamp,
    /// None: now. A time replaces the one that was planned, while that is still ahead.
    pub at: Option<Timestamp>,
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
