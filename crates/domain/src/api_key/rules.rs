//! The rules of a key.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};
use jiff::SignedDuration;

use super::{
    ApiKey, ApiKeyCommand, ApiKeyEvent, ApiKeyRefusal, CancelRevocation, ExpireKey, Expired, IDLE_HOURS_MAX,
    IssueKey, Issued, Lineage, NewSecret, OVERLAP_SECONDS_MAX, Proof, ReinstateKey, Reinstated,
    RevocationCancelled, RevocationScheduled, RevokeKey, Revoked, RotateKey, Rotated, SecretVersion,
    SuspendKey, Suspended,
};
use crate::{
    Aggregate, Environment, Scope, Timestamp,
    api_client::{ClientFacts, ClientStanding},
};

/// The furthest start, end or revocation of a key: ten calendar years always fit, leap days and all.
const LIFETIME: SignedDuration = SignedDuration::from_hours(3_660 * 24);
const CIDRS_MAX: usize = 50;

impl Aggregate for ApiKey {
    const TYPE: &'static str = "api_key";
    type Command = ApiKeyCommand;
    type Event = ApiKeyEvent;
    type Refusal = ApiKeyRefusal;

    fn decide(&self, command: &ApiKeyCommand) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        match command {
            ApiKeyCommand::Issue(ask) => self.issue(ask),
            ApiKeyCommand::Rotate(ask) => self.rotate(ask),
            ApiKeyCommand::ExtendOverlap(ask) => self.extend_overlap(ask),
            ApiKeyCommand::RetirePrevious(ask) => self.retire_previous(ask),
            ApiKeyCommand::JudgePrevious(ask) => self.judge_previous(ask),
            ApiKeyCommand::Revoke(ask) => self.revoke(ask),
            ApiKeyCommand::CancelRevocation(ask) => self.cancel_revocation(ask),
            ApiKeyCommand::Suspend(ask) => self.suspend(ask),
            ApiKeyCommand::Reinstate(ask) => self.reinstate(ask),
            ApiKeyCommand::Expire(ask) => self.expire(ask),
            ApiKeyCommand::Import(ask) => self.import(ask),
            ApiKeyCommand::ReportLeak(ask) => self.report_leak(ask),
            ApiKeyCommand::Release(ask) => self.release(ask),
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
        check_right(client, environment, scopes.as_ref())?;
        check_start(*now, *not_before)?;
        check_expiry(*now, *not_before, *expires_at)?;
        check_ranges(allowed_cidrs)?;
        Ok(vec![ApiKeyEvent::Issued(Issued {
            client_id: *client_id,
            name: name.clone(),
            environment: environment.clone(),
            scopes: scopes.clone(),
            secret: secret.version(1),
            not_before: *not_before,
            expires_at: *expires_at,
            allowed_cidrs: canonical_ranges(allowed_cidrs),
        })])
    }

    fn rotate(&self, ask: &RotateKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let RotateKey { now, client, secret, overlap_seconds, expires_at, reason, retire_when_idle_hours } =
            ask;
        let lineage = self.usable()?;
        // The same secret again is the same command again, and a retry is not news.
        if lineage.current.proof == (Proof::Native { locator: secret.locator, digest: secret.digest }) {
            return Ok(vec![]);
        }
        check_client(*client)?;
        lineage.check_not_ended(*now)?;
        if *overlap_seconds > OVERLAP_SECONDS_MAX {
            let overlap_seconds = *overlap_seconds;
            return Err(ApiKeyRefusal::OverlapTooLong { overlap_seconds, allowed: OVERLAP_SECONDS_MAX });
        }
        check_idle_hours(*retire_when_idle_hours)?;
        if let Some((_, previous_until)) = &lineage.previous
            && previous_until > now
        {
            return Err(ApiKeyRefusal::RotationRunning { previous_until: *previous_until });
        }
        check_expiry(*now, lineage.not_before, *expires_at)?;
        let overlap_end = later(*now, SignedDuration::from_secs(i64::from(*overlap_seconds)));
        let new_end = expires_at.or(lineage.expires_at);
        // An old secret outlives neither its own expiry nor the key's new one, whatever the overlap.
        let ends = [Some(overlap_end), lineage.expires_at, new_end];
        let previous_until = ends.into_iter().flatten().min().unwrap_or(overlap_end);
        Ok(vec![ApiKeyEvent::Rotated(Rotated {
            secret: secret.version(lineage.current.version.saturating_add(1)),
            previous_until,
            expires_at: new_end,
            reason: reason.clone(),
            rotated_at: Some(*now),
            retire_when_idle_hours: *retire_when_idle_hours,
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
        if let Some(revoked) = lineage.due_revocation(*now) {
            return Ok(vec![ApiKeyEvent::Revoked(revoked)]);
        }
        let Some(at) = *at else {
            return Ok(vec![ApiKeyEvent::Revoked(Revoked { revoked_at: *now, reason: reason.clone() })]);
        };
        lineage.check_not_ended(*now)?;
        check_revocation(*now, at)?;
        if lineage.revoke_at.as_ref().is_some_and(|(planned, _)| *planned == at) {
            return Ok(vec![]);
        }
        let reason = reason.clone();
        Ok(vec![ApiKeyEvent::RevocationScheduled(RevocationScheduled { revoke_at: at, reason })])
    }

    fn cancel_revocation(&self, ask: &CancelRevocation) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let CancelRevocation { now, reason } = ask;
        let lineage = self.lineage_in_use()?;
        match &lineage.revoke_at {
            // It has come, whether that is on record or not, and a revocation is final.
            Some((revoke_at, _)) if revoke_at <= now => Err(ApiKeyRefusal::Revoked),
            Some((revoke_at, _)) => {
                // A key that ended by its own expiry takes no new plan, the end of a plan included.
                lineage.check_not_ended(*now)?;
                let (revoke_at, reason) = (*revoke_at, reason.clone());
                Ok(vec![ApiKeyEvent::RevocationCancelled(RevocationCancelled { revoke_at, reason })])
            }
            None => Ok(vec![]),
        }
    }

    /// A second one is a decision of its own, with its reason: what ends the first does not end it. A retry under the same
    /// idempotency key does not come here.
    fn suspend(&self, ask: &SuspendKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        if !matches!(self, Self::Suspended(_)) {
            self.usable()?;
        }
        Ok(vec![ApiKeyEvent::Suspended(Suspended { reason: ask.reason.clone() })])
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
        if let Some(revoked) = lineage.due_revocation(ask.now) {
            return Ok(vec![ApiKeyEvent::Revoked(revoked)]);
        }
        match lineage.expires_at {
            Some(expired_at) if expired_at <= ask.now => {
                Ok(vec![ApiKeyEvent::Expired(Expired { expired_at })])
            }
            expires_at => Err(ApiKeyRefusal::NotYetExpired { expires_at }),
        }
    }

    /// Of a key that is not at its end on record.
    pub(super) fn lineage_in_use(&self) -> Result<&Lineage, ApiKeyRefusal> {
        match self {
            Self::Absent => Err(ApiKeyRefusal::NotIssued),
            Self::Revoked(_) => Err(ApiKeyRefusal::Revoked),
            Self::Expired(_) => Err(ApiKeyRefusal::Expired),
            Self::Active(lineage) | Self::Suspended(lineage) => Ok(lineage),
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
    /// The clock may have ended a key before the scheduler has put that on record.
    pub(super) fn check_not_ended(&self, now: Timestamp) -> Result<(), ApiKeyRefusal> {
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(ApiKeyRefusal::Expired);
        }
        if self.due_revocation(now).is_some() { Err(ApiKeyRefusal::Revoked) } else { Ok(()) }
    }

    /// The planned revocation whose time has come. The gateway refuses since then; it goes on record as it was
    /// planned, and no later plan can undo it.
    pub(super) fn due_revocation(&self, now: Timestamp) -> Option<Revoked> {
        let (planned, reason) = self.revoke_at.as_ref().filter(|(planned, _)| *planned <= now)?;
        Some(Revoked { revoked_at: *planned, reason: reason.clone() })
    }
}

impl NewSecret {
    fn version(&self, version: u32) -> SecretVersion {
        let Self { locator, digest, hint } = self;
        SecretVersion { version, locator: *locator, digest: *digest, hint: hint.clone() }
    }
}

/// What a client may have a key for.
pub(super) fn check_right(
    client: &ClientFacts,
    environment: &Environment,
    scopes: Option<&BTreeSet<Scope>>,
) -> Result<(), ApiKeyRefusal> {
    check_client(client.standing)?;
    if !client.environments.contains(environment) {
        return Err(ApiKeyRefusal::EnvironmentNotAllowed { environment: environment.clone() });
    }
    match scopes.into_iter().flatten().find(|scope| !client.scopes.contains(*scope)) {
        Some(scope) => Err(ApiKeyRefusal::ScopeNotGranted { scope: scope.clone() }),
        None => Ok(()),
    }
}

pub(super) fn check_ranges(allowed_cidrs: &[IpNet]) -> Result<(), ApiKeyRefusal> {
    if allowed_cidrs.len() > CIDRS_MAX {
        let (what, given) = ("address ranges", allowed_cidrs.len());
        return Err(ApiKeyRefusal::TooManyCidrs { what, given, allowed: CIDRS_MAX });
    }
    Ok(())
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

/// Whoever means "at once" leaves the start out; a time that nobody can mean is a slip.
pub(super) fn check_start(now: Timestamp, not_before: Option<Timestamp>) -> Result<(), ApiKeyRefusal> {
    let (earliest, latest) = (now.checked_sub(LIFETIME).unwrap_or(Timestamp::MIN), later(now, LIFETIME));
    match not_before.filter(|start| !(earliest..=latest).contains(start)) {
        Some(not_before) => Err(ApiKeyRefusal::StartOutOfBounds { not_before, earliest, latest }),
        None => Ok(()),
    }
}

pub(super) fn check_expiry(
    now: Timestamp,
    not_before: Option<Timestamp>,
    expires_at: Option<Timestamp>,
) -> Result<(), ApiKeyRefusal> {
    let Some(expires_at) = expires_at else { return Ok(()) };
    let latest = later(now, LIFETIME);
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

fn check_idle_hours(given: Option<u16>) -> Result<(), ApiKeyRefusal> {
    match given.filter(|hours| !(1..=IDLE_HOURS_MAX).contains(hours)) {
        Some(hours) => Err(ApiKeyRefusal::IdleHoursOutOfBounds { hours, allowed: IDLE_HOURS_MAX }),
        None => Ok(()),
    }
}

fn check_revocation(now: Timestamp, at: Timestamp) -> Result<(), ApiKeyRefusal> {
    let latest = later(now, LIFETIME);
    if at <= now {
        Err(ApiKeyRefusal::RevocationNotAhead { at, now })
    } else if at > latest {
        Err(ApiKeyRefusal::RevocationTooFar { at, latest })
    } else {
        Ok(())
    }
}

/// Each range once, under one name: `10.0.0.1/8` is `10.0.0.0/8`, and so is `::ffff:10.0.0.0/104`.
pub(super) fn canonical_ranges(given: &[IpNet]) -> Vec<IpNet> {
    let mut ranges = vec![];
    for range in given.iter().map(canonical_range) {
        if !ranges.contains(&range) {
            ranges.push(range);
        }
    }
    ranges
}

fn canonical_range(range: &IpNet) -> IpNet {
    let mapped = match range {
        IpNet::V4(_) => None,
        IpNet::V6(range) => range
            .prefix_len()
            .checked_sub(96)
            .and_then(|length| Ipv4Net::new(range.addr().to_ipv4_mapped()?, length).ok()),
    };
    mapped.map_or(*range, IpNet::V4).trunc()
}

/// Saturates at the end of time.
pub(super) fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
