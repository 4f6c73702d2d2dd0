//! Who can call what, with which limits: each usable key with each route that its scopes open, at a moment.
//!
//! The same question of the present and of the past: it is put to a [`ReadModel`] and is told the time.

mod book;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use domain::{
    ClientId, Environment, KeyId, RouteId, Timestamp, access::Reach, decision::LimitKind,
    rate_limit_policy::Mode,
};

use self::book::Book;
use crate::{
    KeyStatus, ReadFailure, ReadModel,
    queries::{
        Page,
        hygiene::Stretch,
        keys::{self, KeyFilter, KeyRow},
    },
};

/// So many keys are looked at for one stretch.
const KEYS_MAX: u32 = 2_000;
/// So many are read at once.
const KEYS_AT_ONCE: u32 = 100;

/// Whose access, and to what; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessFilter {
    pub client_id: Option<ClientId>,
    pub key_id: Option<KeyId>,
    pub route_id: Option<RouteId>,
    pub environment: Option<Environment>,
    pub owner_team: Option<String>,
    /// How far whoever asks sees.
    pub reach: Reach,
}

/// A key can call a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub key_id: KeyId,
    pub key_name: String,
    pub client_id: ClientId,
    pub client_name: String,
    pub owner_team: String,
    pub environment: String,
    /// The earlier of expiry and planned revocation.
    pub ends_at: Option<Timestamp>,
    /// Empty: from anywhere.
    pub allowed_cidrs: Vec<String>,
    /// Reported as leaked, and let through from known addresses only.
    pub quarantined: bool,
    pub route_id: RouteId,
    pub route_name: String,
    /// Sorted, as are the hosts and the scopes; no hosts: any.
    pub methods: Vec<String>,
    pub hosts: Vec<String>,
    pub path: String,
    pub required_scopes: Vec<String>,
    /// Enforced ones first, rates before quotas. None: nothing limits these calls.
    pub limits: Vec<AccessLimit>,
}

/// A limit that binds such calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLimit {
    pub kind: LimitKind,
    pub mode: Mode,
    pub name: String,
    pub policy_id: String,
    pub policy_name: String,
    pub policy_revision: u32,
    pub assignment_id: String,
    /// When the assignment ends by itself.
    pub until: Option<Timestamp>,
    /// For people: `100 per 60 s, burst 20, by client`.
    pub says: String,
}

/// A place in the report: behind everything of the first key, and behind a route of the one after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccessPlace {
    pub done: Option<KeyId>,
    pub within: Option<(KeyId, RouteId)>,
}

/// A text that is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPlace;

impl fmt::Display for AccessPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.done {
            Some(key) => write!(f, "{key}")?,
            None => f.write_str("-")?,
        }
        self.within.map_or(Ok(()), |(key, route)| write!(f, " {key} {route}"))
    }
}

impl FromStr for AccessPlace {
    type Err = NoPlace;
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let mut words = text.split(' ');
        let done = match words.next() {
            Some("-") => None,
            Some(key) => Some(key.parse().map_err(|_| NoPlace)?),
            None => return Err(NoPlace),
        };
        let within = match (words.next(), words.next(), words.next()) {
            (None, None, None) => None,
            (Some(key), Some(route), None) => {
                Some((key.parse().map_err(|_| NoPlace)?, route.parse().map_err(|_| NoPlace)?))
            }
            (_, _, _) => return Err(NoPlace),
        };
        Ok(Self { done, within })
    }
}

/// A stretch of the report at a moment, by key and then by route, at most so many rows.
///
/// # Errors
/// When the read model cannot be read.
pub async fn list(
    model: &ReadModel,
    filter: &AccessFilter,
    at: Timestamp,
    after: AccessPlace,
    limit: u32,
) -> Result<Stretch<Access, AccessPlace>, ReadFailure> {
    let rows_max = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut book = Book::open(model, filter.route_id, at).await?;
    let (mut items, mut place, mut looked_at) = (vec![], after, 0_u32);
    loop {
        let keys = next_keys(model, filter, place.done).await?;
        let last = u32::try_from(keys.len()).unwrap_or(u32::MAX) < KEYS_AT_ONCE;
        for key in keys {
            let behind = place.within.filter(|(of, _)| *of == key.key_id).map(|(_, route)| route);
            for access in book.of_key(&key, behind).await? {
                if items.len() == rows_max {
                    return Ok(Stretch { items, next: Some(place) });
                }
                place.within = Some((access.key_id, access.route_id));
                items.push(access);
            }
            place = AccessPlace { done: Some(key.key_id), within: None };
            looked_at = looked_at.saturating_add(1);
        }
        if last {
            return Ok(Stretch { items, next: None });
        }
        if looked_at >= KEYS_MAX {
            return Ok(Stretch { items, next: Some(place) });
        }
    }
}

/// All of it, at most so many rows; none where there are more.
///
/// # Errors
/// When the read model cannot be read.
pub async fn whole(
    model: &ReadModel,
    filter: &AccessFilter,
    at: Timestamp,
    rows_max: u32,
) -> Result<Option<Vec<Access>>, ReadFailure> {
    let (mut all, mut place) = (vec![], AccessPlace::default());
    loop {
        let left = rows_max.saturating_sub(u32::try_from(all.len()).unwrap_or(u32::MAX));
        let Stretch { items, next } = list(model, filter, at, place, left.saturating_add(1)).await?;
        all.extend(items);
        if u32::try_from(all.len()).is_ok_and(|rows| rows > rows_max) {
            return Ok(None);
        }
        match next {
            Some(next) => place = next,
            None => return Ok(Some(all)),
        }
    }
}

/// Usable or not: that is for the book to say.
async fn next_keys(
    model: &ReadModel,
    filter: &AccessFilter,
    after: Option<KeyId>,
) -> Result<Vec<KeyRow>, ReadFailure> {
    let AccessFilter { client_id, key_id, route_id: _, environment, owner_team, reach } = filter.clone();
    let status = Some(KeyStatus::Active);
    let narrowed =
        KeyFilter { client_id, key_id, environment, owner_team, reach, status, ..KeyFilter::default() };
    let page = Page { after: after.map(|key| key.to_string()), limit: KEYS_AT_ONCE };
    keys::list(model, &narrowed, &page).await
}
