//! What may be asked of a key, and the rules that answer.

use std::collections::BTreeSet;

use ipnet::IpNet;
use jiff::SignedDuration;

use super::{
    ApiKey, ApiKeyEvent, Expired, Issued, Lineage, Reinstated, RevocationScheduled, Revoked, Rotated,
    SecretVersion, Suspended,
};
use crate::{
    Aggregate, ClientId, Environment, Name, Reason, Scope, Timestamp,
    api_client::{ClientFacts, ClientStanding},
    refusal::refusals,
    secret::{Locator, SecretDigest},
};

/// The longest that an old secret may live beside the new one: 90 days.
pub const OVERLAP_SECONDS_MAX: u32 = 90 * 24 * 60 * 60;
/// The furthest end of a key: ten years, to the day that a calendar would not surprise anyone.
const LIFETIME_DAYS_MAX: i64 = 3_660;
const CIDRS_MAX: usize = 50;

#[derive(Debug)]
pub enum ApiKeyCommand {
    Issue(IssueKey),
    Rotate(RotateKey),
    Revoke(RevokeKey),
    Suspend(SuspendKey),
    Reinstate(ReinstateKey),
    Expire(ExpireKey),
}

/// What is kept of a freshly made secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecret {
    pub locator: Locator,
    pub digest: SecretDigest,
    pub hint: String,
}

#[derive(Debug)]
pub struct IssueKey {
    pub now: Timestamp,
    pub client_id: ClientId,
    /// The client as it stands when this is asked.
    pub client: ClientFacts,
    pub name: Name,
    pub environment: Environment,
    pub scopes: Option<BTreeSet<Scope>>,
    pub not_before: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub allowed_cidrs: Vec<IpNet>,
    pub secret: NewSecret,
}

#[derive(Debug)]
pub struct RotateKey {
    pub now: Timestamp,
    pub client: ClientStanding,
    pub secret: NewSecret,
    /// How long the old secret lives on: 0 to [`OVERLAP_SECONDS_MAX`].
    pub overlap_seconds: u32,
    /// None keeps the end that the key has.
    pub expires_at: Option<Timestamp>,
    pub reason: Option<Reason>,
}

#[derive(Debug)]
pub struct RevokeKey {
    pub now: Timestamp,
    /// None: now.
    pub at: Option<Timestamp>,
    pub reason: Reason,
}

#[derive(Debug)]
pub struct SuspendKey {
    pub reason: Reason,
}

#[derive(Debug)]
pub struct ReinstateKey {
    pub reason: Reason,
}

/// Puts a passed expiry on record.
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
        TooManyCidrs { given: usize, allowed: usize }
            = ("too_many_items", "{given} address ranges are more than the {allowed} allowed"),
        OverlapTooLong { overlap_seconds: u32, allowed: u32 }
            = ("overlap_too_long", "an overlap of {overlap_seconds} s is more than the {allowed} s allowed"),
        RotationRunning { previous_until: Timestamp }
            = ("rotation_running", "the secret before the current one still lives until {previous_until}; a third is not allowed beside them"),
        RevocationNotAhead { at: Timestamp, now: Timestamp }
            = ("revocation_not_ahead", "a revocation at {at} is not after now ({now}); leave `at` out to revoke now"),
        Suspended = ("key_suspended", "the key is suspended; reinstate it first"),
        Revoked = ("key_revoked", "the key is revoked, which is final"),
        Expired = ("key_expired", "the key has expired, which is final"),
        NotYetExpired { expires_at: Option<Timestamp> } = ("key_not_yet_expired", "the key has not reached its expiry"),
    }
}

impl Aggregate for ApiKey {
    const TYPE: &'static str = "api_key";
    type Command = ApiKeyCommand;
    type Event = ApiKeyEvent;
    type Refusal = ApiKeyRefusal;

    fn decide(&self, command: &ApiKeyCommand) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        match command {
            ApiKeyCommand::Issue(ask) => self.issue(ask),
            ApiKeyCommand::Rotate(ask) => self.rotate(ask),
            ApiKeyCommand::Revoke(ask) => self.revoke(ask),
            ApiKeyCommand::Suspend(ask) => self.suspend(ask),
            ApiKeyCommand::Reinstate(ask) => self.reinstate(ask),
            ApiKeyCommand::Expire(ask) => self.expire(ask),
        }
    }

    fn apply(&mut self, event: &ApiKeyEvent) {
        self.fold(event);
    }
}

impl ApiKey {
    fn issue(&self, ask: &IssueKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let Self::Absent = self else { return Err(ApiKeyRefusal::AlreadyIssued) };
        let IssueKey {
            now,
            client_id,
            client,
            name,
            environment,
            scopes,
            not_before,
            expires_at,
            allowed_cidrs,
            secret,
        } = ask;
        check_client(client.standing)?;
        if !client.environments.contains(environment) {
            return Err(ApiKeyRefusal::EnvironmentNotAllowed { environment: environment.clone() });
        }
        if let Some(scope) = scopes.iter().flatten().find(|scope| !client.scopes.contains(*scope)) {
            return Err(ApiKeyRefusal::ScopeNotGranted { scope: scope.clone() });
        }
        check_expiry(*now, *not_before, *expires_at)?;
        if allowed_cidrs.len() > CIDRS_MAX {
            return Err(ApiKeyRefusal::TooManyCidrs { given: allowed_cidrs.len(), allowed: CIDRS_MAX });
        }
        Ok(vec![ApiKeyEvent::Issued(Issued {
            client_id: *client_id,
            name: name.clone(),
            environment: environment.clone(),
            scopes: scopes.clone(),
            secret: secret.version(1),
            not_before: *not_before,
            expires_at: *expires_at,
            // 10.0.0.1/8 and 10.0.0.0/8 are one range; it is kept under one name.
            allowed_cidrs: allowed_cidrs.iter().map(IpNet::trunc).collect(),
        })])
    }

    fn rotate(&self, ask: &RotateKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let RotateKey { now, client, secret, overlap_seconds, expires_at, reason } = ask;
        let lineage = self.usable()?;
        check_client(*client)?;
        lineage.check_not_ended(*now)?;
        if *overlap_seconds > OVERLAP_SECONDS_MAX {
            let overlap_seconds = *overlap_seconds;
            return Err(ApiKeyRefusal::OverlapTooLong { overlap_seconds, allowed: OVERLAP_SECONDS_MAX });
        }
        if let Some((_, previous_until)) = &lineage.previous
            && previous_until > now
        {
            return Err(ApiKeyRefusal::RotationRunning { previous_until: *previous_until });
        }
        check_expiry(*now, None, *expires_at)?;
        let overlap_end = later(*now, SignedDuration::from_secs(i64::from(*overlap_seconds)));
        // An old secret never outlives its own expiry, whatever the overlap.
        let previous_until = lineage.expires_at.map_or(overlap_end, |own_end| own_end.min(overlap_end));
        Ok(vec![ApiKeyEvent::Rotated(Rotated {
            secret: secret.version(lineage.current.version.saturating_add(1)),
            previous_until,
            expires_at: expires_at.or(lineage.expires_at),
            reason: reason.clone(),
        })])
    }

    fn revoke(&self, ask: &RevokeKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let RevokeKey { now, at, reason } = ask;
        let lineage = match self {
            Self::Absent => return Err(ApiKeyRefusal::NotIssued),
            // A second revocation is a client's retry, and a retry is not news.
            Self::Revoked(_) => return Ok(vec![]),
            Self::Expired(_) => return Err(ApiKeyRefusal::Expired),
            Self::Active(lineage) | Self::Suspended(lineage) => lineage,
        };
        match at {
            None => Ok(vec![ApiKeyEvent::Revoked(Revoked { revoked_at: *now, reason: reason.clone() })]),
            Some(at) if at <= now => Err(ApiKeyRefusal::RevocationNotAhead { at: *at, now: *now }),
            Some(at) if lineage.revoke_at.as_ref().is_some_and(|(planned, _)| planned == at) => Ok(vec![]),
            Some(at) => Ok(vec![ApiKeyEvent::RevocationScheduled(RevocationScheduled {
                revoke_at: *at,
                reason: reason.clone(),
            })]),
        }
    }

    fn suspend(&self, ask: &SuspendKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        match self {
            Self::Suspended(_) => Ok(vec![]),
            Self::Absent | Self::Active(_) | Self::Revoked(_) | Self::Expired(_) => {
                self.usable()?;
                Ok(vec![ApiKeyEvent::Suspended(Suspended { reason: ask.reason.clone() })])
            }
        }
    }

    fn reinstate(&self, ask: &ReinstateKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        match self {
            Self::Suspended(_) => {
                Ok(vec![ApiKeyEvent::Reinstated(Reinstated { reason: ask.reason.clone() })])
            }
            Self::Absent | Self::Active(_) | Self::Revoked(_) | Self::Expired(_) => {
                self.usable().map(|_| vec![])
            }
        }
    }

    fn expire(&self, ask: &ExpireKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let lineage = match self {
            Self::Absent => return Err(ApiKeyRefusal::NotIssued),
            Self::Revoked(_) => return Err(ApiKeyRefusal::Revoked),
            Self::Expired(_) => return Ok(vec![]),
            Self::Active(lineage) | Self::Suspended(lineage) => lineage,
        };
        match lineage.expires_at {
            Some(expired_at) if expired_at <= ask.now => {
                Ok(vec![ApiKeyEvent::Expired(Expired { expired_at })])
            }
            expires_at => Err(ApiKeyRefusal::NotYetExpired { expires_at }),
        }
    }

    fn usable(&self) -> Result<&Lineage, ApiKeyRefusal> {
        match self {
            Self::Absent => Err(ApiKeyRefusal::NotIssued),
            Self::Suspended(_) => Err(ApiKeyRefusal::Suspended),
            Self::Revoked(_) => Err(ApiKeyRefusal::Revoked),
            Self::Expired(_) => Err(ApiKeyRefusal::Expired),
            Self::Active(lineage) => Ok(lineage),
        }
    }
}

impl Lineage {
    /// The clock may have ended a key before the lifecycle task has put that on record.
    fn check_not_ended(&self, now: Timestamp) -> Result<(), ApiKeyRefusal> {
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(ApiKeyRefusal::Expired);
        }
        if self.revoke_at.as_ref().is_some_and(|(at, _)| *at <= now) {
            return Err(ApiKeyRefusal::Revoked);
        }
        Ok(())
    }
}

impl NewSecret {
    fn version(&self, version: u32) -> SecretVersion {
        let Self { locator, digest, hint } = self;
        SecretVersion { version, locator: *locator, digest: *digest, hint: hint.clone() }
    }
}

fn check_client(standing: ClientStanding) -> Result<(), ApiKeyRefusal> {
    match standing {
        ClientStanding::Active => Ok(()),
        ClientStanding::Absent => Err(ApiKeyRefusal::NoClient),
        ClientStanding::Suspended | ClientStanding::Archived => {
            Err(ApiKeyRefusal::ClientNotActive { standing })
        }
    }
}

fn check_expiry(
    now: Timestamp,
    not_before: Option<Timestamp>,
    expires_at: Option<Timestamp>,
) -> Result<(), ApiKeyRefusal> {
    let Some(expires_at) = expires_at else { return Ok(()) };
    let latest = later(now, SignedDuration::from_hours(LIFETIME_DAYS_MAX * 24));
    if expires_at <= now {
        Err(ApiKeyRefusal::ExpiryNotAhead { expires_at, now })
    } else if expires_at > latest {
        Err(ApiKeyRefusal::ExpiryTooFar { expires_at, latest })
    } else if let Some(not_before) = not_before.filter(|start| *start >= expires_at) {
        Err(ApiKeyRefusal::ExpiryNotAfterStart { not_before, expires_at })
    } else {
        Ok(())
    }
}

/// Saturates at the end of time.
fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
