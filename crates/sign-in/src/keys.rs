//! The keys of one provider as we last had them, and when it may be asked again.

use std::time::Duration;

use domain::Timestamp;
use parking_lot::Mutex;

use crate::{jwk::Jwk, jws::Algorithm};

/// A token that names a key we do not have makes us ask no more often than this, whatever the answer was.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// A key that the provider has withdrawn serves no longer than this, while the provider can be asked.
pub(crate) const FRESH: Duration = Duration::from_secs(60 * 60);
/// And no longer than this while it cannot.
pub(crate) const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Nobody is at one request for longer.
const AT_ONCE: Duration = Duration::from_secs(60);

/// What is held of one provider. Each has its own: a key identifier means nothing without its issuer.
#[derive(Debug)]
pub(crate) struct Keys {
    held: Mutex<Held>,
    /// Held by the one that asks; who cannot do without the answer waits here.
    pub(crate) asking: tokio::sync::Mutex<()>,
    pub(crate) pace: Pace,
}

#[derive(Debug, Default)]
struct Held {
    keys: Vec<Jwk>,
    had_at: Option<Timestamp>,
    /// Whether they could not be had when they were last asked for.
    asked_in_vain: bool,
}

/// How often something may be tried, whatever becomes of it.
#[derive(Debug)]
pub(crate) struct Pace {
    every: Duration,
    tried_at: Mutex<Option<Timestamp>>,
}

impl Pace {
    pub(crate) fn every(every: Duration) -> Self {
        Self { every, tried_at: Mutex::default() }
    }

    /// Whether it may be tried now; if so, it counts as tried.
    pub(crate) fn admits(&self, now: Timestamp) -> bool {
        let mut tried_at = self.tried_at.lock();
        // The clock was put back since: by it, what was tried is still to come.
        let may = tried_at.is_none_or(|tried| is_ahead(tried, now) || since(tried, now) >= self.every);
        if may {
            *tried_at = Some(now);
        }
        may
    }
}

/// What is known of a key.
#[derive(Debug)]
pub(crate) enum Known {
    Fresh(Jwk),
    /// It serves, and it is time to look whether it still should.
    Aged(Jwk),
    Unknown,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let pace = Pace::every(ASKED_AGAIN_AFTER);
        Self { held: Mutex::default(), asking: tokio::sync::Mutex::default(), pace }
    }

    /// The key of that name, or the only one that fits a token which names none.
    pub(crate) fn find(&self, kid: Option<&str>, algorithm: Algorithm, now: Timestamp) -> Known {
        let mut held = self.held.lock();
        if let Some(had_at) = &mut held.had_at {
            age_of_unknown(had_at, now);
        }
        let within = |bound: Duration| held.had_at.is_some_and(|had| since(had, now) < bound);
        let mut fitting = held
            .keys
            .iter()
            .filter(|key| key.serves(algorithm) && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid)));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) if within(FRESH) => Known::Fresh(key.clone()),
            (Some(key), None) if within(KEPT) => Known::Aged(key.clone()),
            (Some(_), None | Some(_)) | (None, _) => Known::Unknown,
        }
    }

    pub(crate) fn keep(&self, keys: Vec<Jwk>, now: Timestamp) {
        let mut held = self.held.lock();
        *held = Held { keys, had_at: Some(now), asked_in_vain: false };
    }

    /// They were asked for and could not be had.
    pub(crate) fn miss(&self) {
        self.held.lock().asked_in_vain = true;
    }

    /// Whether a key that is not known may be one all the same.
    pub(crate) fn may_be_incomplete(&self) -> bool {
        self.held.lock().asked_in_vain
    }
}

/// What was had at a time that is still to come, by a clock that was put back since, is of an unknown age: it serves, and is asked
/// for anew.
pub(crate) fn age_of_unknown(had_at: &mut Timestamp, now: Timestamp) {
    if is_ahead(*had_at, now) {
        *had_at = now.checked_sub(FRESH).unwrap_or(now);
    }
}

/// Whether that is still to come. What somebody else has written a moment ago is not: everybody goes by the time at which they began.
fn is_ahead(then: Timestamp, now: Timestamp) -> bool {
    since(now, then) > AT_ONCE
}

/// Nothing, when the clock was put back.
pub(crate) fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}
