//! Keys that expire soon, page by page.

use std::collections::HashMap;

use domain::{ClientId, KeyId, Timestamp};
use jiff::SignedDuration;
use projections::queries::keys;

use crate::{
    book::{Book, KnownClient, KnownKey},
    notices::KeyExpiring,
    occasion::{Occasion, What},
    of_events::expiry_of,
    parts::Failure,
    rules::Wishes,
};

const PAGE: u32 = 500;
const DAY_SECONDS: i64 = 24 * 3_600;

/// The keys that expire within the days that anybody wants to hear of.
pub(super) struct Keys {
    now: Timestamp,
    /// None where nobody wants to hear of any.
    until: Option<Timestamp>,
    after: Option<(Timestamp, KeyId)>,
    /// Whose they are: many are of one client.
    clients: HashMap<ClientId, Option<KnownClient>>,
}

impl Keys {
    pub(super) fn new(wishes: &Wishes, now: Timestamp) -> Self {
        let days = wishes.days_before_max().map(|days| SignedDuration::from_hours(24 * i64::from(days)));
        // One that expires in just so many days is one of them.
        let ahead = days.map(|days| days.saturating_add(SignedDuration::from_secs(1)));
        let until = ahead.map(|ahead| now.saturating_add(ahead).unwrap_or(Timestamp::MAX));
        Self { now, until, after: None, clients: HashMap::new() }
    }

    /// The next of them; none behind the last.
    pub(super) async fn next(&mut self, book: &Book) -> Result<Option<Vec<Occasion>>, Failure> {
        let Some(until) = self.until else { return Ok(None) };
        let rows = keys::expiring(book.read(), self.now, until, self.after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        self.after = last.expires_at.map(|at| (at, last.key_id));
        let mut occasions = vec![];
        for row in rows {
            let client = self.client(book, row.client_id).await?;
            let key = client.and_then(|client| KnownKey::of(row, client));
            occasions.extend(key.and_then(|key| occasion(&key, self.now)));
        }
        Ok(Some(occasions))
    }

    async fn client(&mut self, book: &Book, id: ClientId) -> Result<Option<KnownClient>, Failure> {
        if let Some(known) = self.clients.get(&id) {
            return Ok(known.clone());
        }
        let client = book.client(id).await?;
        Ok(self.clients.entry(id).or_insert(client).clone())
    }
}

/// None of a key that ends by a revocation before it expires.
pub(crate) fn occasion(key: &KnownKey, now: Timestamp) -> Option<Occasion> {
    let expires_at = key.row.expires_at.filter(|at| *at > now)?;
    if key.row.revoke_at.is_some_and(|at| at <= expires_at) {
        return None;
    }
    let told = KeyExpiring {
        client: key.client.told.clone(),
        key: key.told.clone(),
        expires_at,
        days_left: days_left(expires_at, now),
        last_used_at: key.row.last_used_at,
    };
    Some(Occasion {
        what: What::Expiry(told),
        // Another expiry, or a new secret, is another matter.
        window: format!("{expires_at}/{}", key.row.secret_version),
        at: now,
        position: None,
        client: Some(key.client.clone()),
        environment: Some(key.told.environment.clone()),
        facts: key.facts(),
        sharing: vec![],
        named: vec![],
        cancel_key: Some(expiry_of(key.told.id)),
    })
}

/// Whole days, rounded up: 1 on the last.
fn days_left(expires_at: Timestamp, now: Timestamp) -> u16 {
    let seconds = expires_at.duration_since(now).as_secs().max(0);
    u16::try_from((seconds + DAY_SECONDS - 1) / DAY_SECONDS).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_rounded_up() {
        let end: Timestamp = "2026-03-31T12:00:00Z".parse().unwrap();
        for (seconds, expected) in [
            (0, 0),
            (1, 1),
            (DAY_SECONDS, 1),
            (DAY_SECONDS + 1, 2),
            (30 * DAY_SECONDS, 30),
            (i64::from(u32::MAX), 49_711),
        ] {
            assert_eq!(days_left(end, end - SignedDuration::from_secs(seconds)), expected, "{seconds}");
        }
    }
}
