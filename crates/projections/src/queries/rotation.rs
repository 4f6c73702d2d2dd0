//! The rotation of one key: who uses which of its secrets, and whether the old one may go.

mod retiring;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::{ClientId, KeyId, Timestamp};
use jiff::SignedDuration;
use serde::Deserialize;

use super::keys;
pub use crate::usage::sightings::Name;
use crate::{
    BadColumn, Columns, KeyStatus, ReadFailure, ReadModel, Stored, USAGE,
    key_directory::KeyRow,
    queries::Select,
    usage::sightings::{SecretSightings, of_key},
};
pub use retiring::Retiring;

const QUARTER_S: i64 = 15 * 60;
const DAY_S: i64 = 24 * 60 * 60;
const HOUR_S: i64 = 60 * 60;
/// Older secrets of a key are not told about.
const VERSIONS_MAX: u32 = 20;

/// A key with the use of its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    pub key_id: KeyId,
    /// None before the first.
    pub rotated_at: Option<Timestamp>,
    /// When the secret before the newest ends or ended.
    pub overlap_until: Option<Timestamp>,
    /// By the rule that retires the old secret, where there is one.
    pub retire_when_idle_hours: Option<u16>,
    /// The newest first.
    pub versions: Vec<VersionUse>,
    pub safe_to_retire: Retiring,
    /// Every usage batch up to this one is counted.
    pub batch_no: u64,
}

/// Where a secret version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The newest.
    Current,
    /// The one before it, as long as both live.
    Previous,
    /// Opens nothing any more.
    Retired,
}

/// One secret version, and who presents it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionUse {
    pub version: u32,
    pub standing: Standing,
    pub hint: Option<String>,
    /// When it was made.
    pub since: Option<Timestamp>,
    /// When it ends or ended.
    pub until: Option<Timestamp>,
    /// Calls that presented it, whatever became of them.
    pub calls: u64,
    /// Of calls that it opened: from the quarter of an hour on into which the time a day ago falls.
    pub calls_last_24h: u64,
    /// Likewise an hour.
    pub calls_last_hour: u64,
    /// The latest call that it opened.
    pub last_used_at: Option<Timestamp>,
    /// The latest call that presented it.
    pub last_presented_at: Option<Timestamp>,
    /// Those seen last, the latest first.
    pub addresses: Vec<Name>,
    pub user_agents: Vec<Name>,
}

impl VersionUse {
    /// Calls of addresses that are not named, and of user agents.
    #[must_use]
    pub fn others(&self) -> (u64, u64) {
        let rest = |names: &[Name]| self.calls.saturating_sub(names.iter().map(|name| name.calls).sum());
        (rest(&self.addresses), rest(&self.user_agents))
    }
}

/// The rotation of a key as it stands now; none of a key that is not there.
///
/// # Errors
/// When the read model cannot be read.
pub async fn get(model: &ReadModel, id: KeyId, now: Timestamp) -> Result<Option<Rotation>, ReadFailure> {
    let Some(key) = keys::get(model, id).await? else { return Ok(None) };
    // Asked first: what comes in between is counted but not claimed.
    let batch_no = model.checkpoint(USAGE).await?.get();
    let made = made(model, id).await?;
    let sources = Sources {
        used: last_used(model, id).await?,
        recent: recent(model, &key, now).await?,
        sighted: of_key(model, id, VERSIONS_MAX)
            .await?
            .into_iter()
            .map(|of| (of.secret_version, of))
            .collect(),
        made: made.iter().map(|made| (made.version, made)).collect(),
    };
    let versions = sources.versions(&key, now);
    let rotated_at = made.first().filter(|newest| newest.version > 1).map(|newest| newest.at);
    let overlap_until = key.previous.as_ref().map(|previous| previous.until);
    let retire_when_idle_hours = key.previous.as_ref().and_then(|previous| previous.retire_when_idle_hours);
    let idle_hours = retire_when_idle_hours.map(u32::from);
    let safe_to_retire = Retiring::judge(&key, &versions, rotated_at, idle_hours, now);
    Ok(Some(Rotation {
        key_id: id,
        rotated_at,
        overlap_until,
        retire_when_idle_hours,
        versions,
        safe_to_retire,
        batch_no,
    }))
}

/// What is known of each version.
struct Sources<'made> {
    made: BTreeMap<u32, &'made Made>,
    used: BTreeMap<u32, Timestamp>,
    /// In the last day, and in the last hour.
    recent: BTreeMap<u32, (u64, u64)>,
    sighted: BTreeMap<u32, SecretSightings>,
}

impl Sources<'_> {
    /// The newest two, and older ones that were made or presented.
    fn versions(&self, key: &KeyRow, now: Timestamp) -> Vec<VersionUse> {
        let newest = key.secret_version;
        let known = |version: &u32| self.made.contains_key(version) || self.sighted.contains_key(version);
        let wanted = (1..=newest).rev().take(usize::try_from(VERSIONS_MAX).unwrap_or(usize::MAX));
        wanted
            .filter(|version| version.saturating_add(1) >= newest || known(version))
            .map(|version| self.version(key, version, now))
            .collect()
    }

    fn version(&self, key: &KeyRow, version: u32, now: Timestamp) -> VersionUse {
        let (calls_last_24h, calls_last_hour) = self.recent.get(&version).copied().unwrap_or_default();
        let sighted = self.sighted.get(&version);
        let Told { standing, hint, until } = Told::of(key, version, now);
        VersionUse {
            version,
            standing,
            hint: hint.or_else(|| self.made.get(&version).map(|made| made.hint.clone())),
            since: self.made.get(&version).map(|made| made.at),
            // An older secret ended when the one after it was replaced, at the latest; its own end is in the audit log.
            until: until.or_else(|| self.made.get(&version.saturating_add(1))?.previous_until),
            calls: sighted.map(|of| of.calls).unwrap_or_default(),
            calls_last_24h,
            calls_last_hour,
            last_used_at: self.used.get(&version).copied(),
            last_presented_at: sighted.map(|of| of.last_at),
            addresses: sighted.map(|of| of.addresses.clone()).unwrap_or_default(),
            user_agents: sighted.map(|of| of.user_agents.clone()).unwrap_or_default(),
        }
    }
}

/// What the directory says of a version.
struct Told {
    standing: Standing,
    hint: Option<String>,
    until: Option<Timestamp>,
}

impl Told {
    fn of(key: &KeyRow, version: u32, now: Timestamp) -> Self {
        let ends_at = key.expires_at.into_iter().chain(key.revoke_at).min();
        let live = is_live(key.status) && ends_at.is_none_or(|ends_at| now < ends_at);
        if version == key.secret_version {
            let standing = if live { Standing::Current } else { Standing::Retired };
            return Self { standing, hint: Some(key.hint.clone()), until: ends_at };
        }
        match &key.previous {
            Some(previous) if previous.version == version => {
                let standing = if is_live(key.status) && now < previous.until {
                    Standing::Previous
                } else {
                    Standing::Retired
                };
                Self { standing, hint: Some(previous.hint.clone()), until: Some(previous.until) }
            }
            Some(_) | None => Self { standing: Standing::Retired, hint: None, until: None },
        }
    }
}

fn is_live(status: KeyStatus) -> bool {
    match status {
        KeyStatus::Active | KeyStatus::Suspended => true,
        KeyStatus::Revoked | KeyStatus::Expired => false,
    }
}

/// How a version came to be.
struct Made {
    version: u32,
    hint: String,
    at: Timestamp,
    previous_until: Option<Timestamp>,
}

impl Stored for Made {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        #[derive(Deserialize)]
        struct Secret {
            version: u32,
            hint: String,
        }
        #[derive(Deserialize)]
        struct Data {
            secret: Secret,
            previous_until: Option<Timestamp>,
        }
        let Data { secret: Secret { version, hint }, previous_until } = columns.json("data")?;
        Ok(Self { version, hint, at: columns.time("occurred_at_us")?, previous_until })
    }
}

/// The newest first.
async fn made(model: &ReadModel, id: KeyId) -> Result<Vec<Made>, ReadFailure> {
    let select = Select::new(include_str!("rotation/made.sql"), vec![id.into()]);
    model.fetch(select.then(" order by position desc").limit(VERSIONS_MAX)).await
}

struct Used(u32, Timestamp);

impl Stored for Used {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        Ok(Self(columns.count("secret_version")?, columns.time("last_used_at_us")?))
    }
}

async fn last_used(model: &ReadModel, id: KeyId) -> Result<BTreeMap<u32, Timestamp>, ReadFailure> {
    let used: Vec<Used> =
        model.fetch(Select::new(include_str!("rotation/last_used.sql"), vec![id.into()])).await?;
    Ok(used.into_iter().map(|Used(version, at)| (version, at)).collect())
}

struct Window {
    version: u32,
    start_s: i64,
    calls: u64,
}

impl Stored for Window {
    fn read(columns: &impl Columns) -> Result<Self, BadColumn> {
        let start_s = columns.integer_or_none("start_s")?.unwrap_or_default();
        Ok(Self { version: columns.count("secret_version")?, start_s, calls: columns.count("calls")? })
    }
}

/// Calls in the last day and the last hour by version.
async fn recent(
    model: &ReadModel,
    key: &KeyRow,
    now: Timestamp,
) -> Result<BTreeMap<u32, (u64, u64)>, ReadFailure> {
    let begins = |seconds: i64| quarter_before(now, seconds).as_second();
    let (day, hour) = (begins(DAY_S), begins(HOUR_S));
    // Each is looked up by the whole key: an index by key would be kept up with every quarter of every key.
    let starts = (day..=now.as_second()).step_by(usize::try_from(QUARTER_S).unwrap_or(1));
    let starts = starts.map(|start_s| start_s.to_string()).collect::<Vec<_>>().join(", ");
    let (client_id, key_id): (ClientId, KeyId) = (key.client_id, key.key_id);
    let sql = include_str!("rotation/recent.sql").replace("{starts}", &starts);
    let windows: Vec<Window> = model.fetch(Select::new(&sql, vec![client_id.into(), key_id.into()])).await?;
    let mut recent = BTreeMap::<u32, (u64, u64)>::new();
    for Window { version, start_s, calls } in windows {
        let (in_day, in_hour) = recent.entry(version).or_default();
        *in_day = in_day.saturating_add(calls);
        if start_s >= hour {
            *in_hour = in_hour.saturating_add(calls);
        }
    }
    Ok(recent)
}

/// The start of the quarter of an hour into which the time so many seconds ago falls.
fn quarter_before(now: Timestamp, seconds: i64) -> Timestamp {
    let then = now.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN).as_second();
    Timestamp::from_second(then.div_euclid(QUARTER_S) * QUARTER_S).unwrap_or(Timestamp::MIN)
}
