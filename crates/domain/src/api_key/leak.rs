//! A secret that was found where others can read it: what is put on record, and what becomes of the key.

use std::{fmt, str::FromStr};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{ApiKey, ApiKeyEvent, ApiKeyRefusal, Lineage, Revoked};
use crate::{InvalidValue, LeakId, Name, Reason, Timestamp, text::parsed};

/// More reports of one key are no news to anybody.
const LEAKS_MAX: usize = 100;
const URL_BYTES_MAX: usize = 2_048;

/// Through which door a report came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeakReceiver {
    /// GitHub's secret scanning.
    Github,
    /// Whoever holds the shared secret of the generic receiver.
    Generic,
}

/// What a report made of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeakAction {
    Revoked,
    Quarantined,
    /// The secret opened nothing any more.
    None,
}

/// Where a secret was found: visible characters, at most 2048 bytes. Somebody else's words.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct LeakUrl(Box<str>);

impl LeakUrl {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LeakUrl {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let visible =
            !text.is_empty() && text.len() <= URL_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
        if visible {
            Ok(Self(text.into()))
        } else {
            Err(InvalidValue::expected("must be 1 to 2048 visible ASCII characters"))
        }
    }
}

impl<'de> Deserialize<'de> for LeakUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl fmt::Debug for LeakUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for LeakUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for LeakUrl {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LeakUrl".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 1, "maxLength": URL_BYTES_MAX })
    }
}

/// One of the key's secrets was found. The owner is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeakReported {
    pub leak_id: LeakId,
    /// The one that was found.
    pub secret_version: u32,
    pub receiver: LeakReceiver,
    /// Where the finder says it was found, such as `commit`.
    pub source: Option<Name>,
    pub url: Option<LeakUrl>,
    pub action: LeakAction,
}

/// The key's secrets up to a version open little: only where they were used from before, and only so often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quarantined {
    pub leak_id: LeakId,
    /// This one and those before it; a later one is free.
    pub secret_version: u32,
    /// Calls from elsewhere are refused. Empty: the key was never used, and is refused from everywhere.
    #[schemars(with = "Vec<String>")]
    pub known_addresses: Vec<IpNet>,
    /// On each gateway node.
    pub calls_per_minute: u32,
}

/// The quarantine is over: the leaked secret opens nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Released {
    pub reason: Reason,
}

/// Puts a report on record and does what it calls for.
#[derive(Debug)]
pub struct ReportLeak {
    pub now: Timestamp,
    /// Made of what was reported, so that a repeated report has the same.
    pub leak_id: LeakId,
    pub secret_version: u32,
    pub receiver: LeakReceiver,
    pub source: Option<Name>,
    pub url: Option<LeakUrl>,
    pub response: LeakResponse,
    /// Of the revocation, if it comes to that.
    pub reason: Reason,
}

/// What the environment's settings want done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeakResponse {
    Revoke,
    Quarantine { known_addresses: Vec<IpNet>, calls_per_minute: u32 },
}

/// Ends a quarantine.
#[derive(Debug)]
pub struct ReleaseKey {
    pub now: Timestamp,
    pub reason: Reason,
}

impl ApiKey {
    pub(super) fn report_leak(&self, ask: &ReportLeak) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let lineage = self.lineage().ok_or(ApiKeyRefusal::NotIssued)?;
        if lineage.leaks.contains(&ask.leak_id) || lineage.leaks.len() >= LEAKS_MAX {
            return Ok(vec![]);
        }
        let opens = match self {
            Self::Absent | Self::Revoked(_) | Self::Expired(_) => false,
            Self::Active(lineage) | Self::Suspended(lineage) => lineage.opens(ask.secret_version, ask.now),
        };
        let (action, effect) = if opens { lineage.answer_leak(ask) } else { (LeakAction::None, None) };
        let ReportLeak { leak_id, secret_version, receiver, source, url, .. } = ask;
        let reported = ApiKeyEvent::LeakReported(LeakReported {
            leak_id: *leak_id,
            secret_version: *secret_version,
            receiver: *receiver,
            source: source.clone(),
            url: url.clone(),
            action,
        });
        Ok([Some(reported), effect].into_iter().flatten().collect())
    }

    pub(super) fn release(&self, ask: &ReleaseKey) -> Result<Vec<ApiKeyEvent>, ApiKeyRefusal> {
        let lineage = match self {
            Self::Absent => return Err(ApiKeyRefusal::NotIssued),
            Self::Revoked(_) => return Err(ApiKeyRefusal::Revoked),
            Self::Expired(_) => return Err(ApiKeyRefusal::Expired),
            Self::Active(lineage) | Self::Suspended(lineage) => lineage,
        };
        let Some(quarantine) = lineage.quarantine else { return Ok(vec![]) };
        let secret_version = quarantine.secret_version;
        if lineage.current.version <= secret_version {
            return Err(ApiKeyRefusal::LeakedSecretLives { secret_version, until: None });
        }
        match &lineage.previous {
            Some((previous, until)) if previous.version <= secret_version && *until > ask.now => {
                Err(ApiKeyRefusal::LeakedSecretLives { secret_version, until: Some(*until) })
            }
            Some(_) | None => Ok(vec![ApiKeyEvent::Released(Released { reason: ask.reason.clone() })]),
        }
    }
}

impl Lineage {
    /// Whether a version still opens the key by the clock.
    fn opens(&self, version: u32, now: Timestamp) -> bool {
        let held = |until: Timestamp| until > now;
        let current = self.current.version == version && self.check_not_ended(now).is_ok();
        let previous = self.previous.as_ref().is_some_and(|(secret, until)| {
            secret.version == version && held(*until) && self.due_revocation(now).is_none()
        });
        current || previous
    }

    fn answer_leak(&self, ask: &ReportLeak) -> (LeakAction, Option<ApiKeyEvent>) {
        match &ask.response {
            LeakResponse::Revoke => {
                let revoked = Revoked { revoked_at: ask.now, reason: ask.reason.clone() };
                (LeakAction::Revoked, Some(ApiKeyEvent::Revoked(revoked)))
            }
            LeakResponse::Quarantine { known_addresses, calls_per_minute } => {
                // The addresses of the first report stand: whoever has used the secret since is not known.
                let stands = self.quarantine.is_some_and(|held| held.secret_version >= ask.secret_version);
                let quarantined = (!stands).then(|| Quarantined {
                    leak_id: ask.leak_id,
                    secret_version: ask.secret_version,
                    known_addresses: known_addresses.clone(),
                    calls_per_minute: *calls_per_minute,
                });
                (LeakAction::Quarantined, quarantined.map(ApiKeyEvent::Quarantined))
            }
        }
    }
}
