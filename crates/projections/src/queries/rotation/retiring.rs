//! Whether the old secret of a key may go: a pure judgement of what was counted.

use domain::Timestamp;
use jiff::SignedDuration;

use super::{HOUR_S, Name, Standing, VersionUse, is_live, quarter_before};
use crate::{KeyStatus, key_directory::KeyRow};

/// How long the old secret must have been idle where no rule says so.
const IDLE_HOURS: u32 = 1;

/// Whether nobody would miss the old secret, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retiring {
    pub safe: bool,
    /// Since when nobody uses it; none where somebody does, or where nothing is proven.
    pub since: Option<Timestamp>,
    /// A sentence for people.
    pub explanation: String,
}

impl Retiring {
    fn safe(since: Option<Timestamp>, explanation: impl Into<String>) -> Self {
        Self { safe: true, since, explanation: explanation.into() }
    }

    fn not_yet(since: Option<Timestamp>, explanation: impl Into<String>) -> Self {
        Self { safe: false, since, explanation: explanation.into() }
    }

    pub(super) fn judge(
        key: &KeyRow,
        versions: &[VersionUse],
        rotated_at: Option<Timestamp>,
        idle_hours: Option<u32>,
        now: Timestamp,
    ) -> Self {
        let of = |version: u32| versions.iter().find(|of| of.version == version);
        let old = key.previous.as_ref().and_then(|previous| of(previous.version));
        let (Some(old), Some(new)) = (old, of(key.secret_version)) else {
            return Self::not_yet(None, "the key was never rotated: there is no old secret");
        };
        if !is_live(key.status) {
            return Self::safe(
                None,
                format!("the key is {}: none of its secrets opens anything", word(key.status)),
            );
        }
        if old.standing != Standing::Previous {
            return Self::ended(old);
        }
        // What the old secret did before there was another proves nothing.
        let idle_since = old.last_used_at.into_iter().chain(rotated_at).max().unwrap_or(key.issued_at);
        let idle = SignedDuration::from_hours(i64::from(idle_hours.unwrap_or(IDLE_HOURS)));
        let safe_from = idle_since.checked_add(idle).unwrap_or(Timestamp::MAX);
        // A gateway's clock may be a moment behind ours: what it tells of just before the rotation may have been after it.
        let since = rotated_at.and_then(|at| at.checked_sub(SignedDuration::from_secs(1)).ok());
        let used_since_rotation = old.last_used_at.is_some_and(|at| since.is_none_or(|since| at >= since));
        if now < safe_from {
            return Self::not_yet(
                None,
                if used_since_rotation { busy(old, safe_from, now) } else { early(safe_from) },
            );
        }
        match new.last_used_at.filter(|at| *at > idle_since) {
            Some(at) => Self::safe(
                Some(idle_since),
                format!(
                    "no call with the old secret since {idle_since}; with the new one {} in the last day, the last at {at}",
                    counted(new.calls_last_24h)
                ),
            ),
            None => Self::not_yet(
                None,
                format!(
                    "no call with either secret since {idle_since}: that proves nothing about who still has the old one"
                ),
            ),
        }
    }

    fn ended(old: &VersionUse) -> Self {
        let Some(until) = old.until else { return Self::safe(None, "the old secret has ended") };
        let tried = old.last_presented_at.filter(|at| *at >= until);
        let tried =
            tried.map(|at| format!("; it was tried again at {at}{}", by(old, at))).unwrap_or_default();
        Self::safe(Some(until), format!("the old secret ended at {until}{tried}"))
    }
}

fn word(status: KeyStatus) -> &'static str {
    status.as_str()
}

fn early(safe_from: Timestamp) -> String {
    format!(
        "no call with the old secret since the rotation, but that is not long ago; ask again at {safe_from}"
    )
}

/// Who uses it still.
fn busy(old: &VersionUse, safe_from: Timestamp, now: Timestamp) -> String {
    let Some(last) = old.last_used_at else { return early(safe_from) };
    if old.calls_last_hour == 0 {
        return format!(
            "the old secret was last used at {last}{}; it has been idle long enough at {safe_from}",
            by(old, last)
        );
    }
    let since = quarter_before(now, HOUR_S);
    let calls = counted(old.calls_last_hour);
    format!("the old secret is still used: {calls} since {since}, the last at {last}{}", by(old, since))
}

fn counted(calls: u64) -> String {
    if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") }
}

/// From where and by what, as far as it is known: three of each that were seen from then on, the latest first.
fn by(old: &VersionUse, since: Timestamp) -> String {
    let named = |names: &[Name]| {
        let names = names.iter().filter(|name| name.last_at >= since && !name.value.is_empty());
        names.take(3).map(|name| name.value.clone()).collect::<Vec<_>>().join(", ")
    };
    let said = |word: &str, names: String| if names.is_empty() { names } else { format!(" {word} {names}") };
    said("from", named(&old.addresses)) + &said("by", named(&old.user_agents))
}
