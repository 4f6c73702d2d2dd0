//! Quotas that fill, as the gateways say.
//!
//! Of a quota that all share nobody is told: it is no client's own. A policy in shadow refuses nobody, and is told of all the same,
//! for that is what it is tried for; the notice says so.

use domain::{NoticeName, Position, Timestamp};
use outbox::Moved;
use projections::{
    USAGE,
    queries::quota_levels::{self, LevelRow},
};

use crate::{
    book::Book,
    notice::{LimitRef, PolicyRef},
    notices::QuotaThreshold,
    occasion::{Occasion, QuotaLevel, What},
    parts::{Failure, Parts},
    rules::Wishes,
};

/// The checkpoint's name; its position is the number of a batch of usage.
const NAME: &str = "quotas";
const ROWS: u32 = 500;

/// How far the gateways' words were heard.
pub(super) struct Heard {
    /// None before the first of them.
    from: Option<Position>,
    pub(super) occasions: Vec<Occasion>,
    to: u64,
}

/// What has changed since the last look; none where nothing has.
pub(super) async fn changed(
    parts: &Parts,
    book: &Book,
    wishes: &Wishes,
    now: Timestamp,
) -> Result<Option<Heard>, Failure> {
    let from = parts.outbox.checkpoint(NAME).await?;
    let known = parts.read.checkpoint(USAGE).await?;
    // Batches are counted anew where their stream was made anew.
    let after = from.filter(|from| *from <= known).unwrap_or_default().get();
    let rows = quota_levels::changed_after(&parts.read, after, ROWS).await?;
    let Some(to) = rows.last().map(|row| row.batch_no) else { return Ok(None) };
    let mut occasions = vec![];
    // Whoever wants it later hears of the next change.
    let wanted = wishes.want(NoticeName::QuotaThreshold) || wishes.want(NoticeName::QuotaExhausted);
    for row in rows.into_iter().filter(|row| wanted && row.window_end > now) {
        occasions.extend(occasion(book, row, now).await?);
    }
    Ok(Some(Heard { from, occasions, to }))
}

impl Heard {
    pub(super) fn moved(&self) -> Moved {
        Moved { name: NAME.to_owned(), from: self.from, to: Position::new(self.to) }
    }
}

/// None where nobody is counted, or not known.
async fn occasion(book: &Book, row: LevelRow, now: Timestamp) -> Result<Option<Occasion>, Failure> {
    let Some(client_id) = row.client_id else { return Ok(None) };
    let Some(client) = book.client(client_id).await? else { return Ok(None) };
    let key = match row.key_id {
        Some(key_id) => book.key(key_id).await?,
        None => None,
    };
    let Some(policy) = book.policy(row.policy_id).await? else { return Ok(None) };
    let (window_start, window_end) = (row.window_start, row.window_end);
    let told = QuotaThreshold {
        client: client.told.clone(),
        key: key.map(|key| key.told),
        limit: LimitRef {
            policy: PolicyRef { id: row.policy_id, name: policy.spec.name, version: row.policy_revision },
            name: row.limit,
            mode: policy.spec.mode,
        },
        environment: row.environment.clone(),
        threshold_percent: 0,
        used: row.used,
        allowed: row.allowed,
        window_start,
        window_end,
        forecast_reached_at: quota_levels::forecast(row.used, row.allowed, window_start, window_end, now),
    };
    let facts = domain::access::ResourceFacts::owned(&client.told.owner_team, [row.environment.clone()]);
    Ok(Some(Occasion {
        // Another limit is another matter, and so is one that began anew: its series is another.
        window: format!("{}/{}", row.series, row.allowed),
        what: What::Quota(Box::new(QuotaLevel {
            told,
            thresholds: policy.spec.thresholds.into_iter().collect(),
        })),
        at: now,
        position: None,
        client: Some(client),
        environment: Some(row.environment),
        facts,
        named: vec![],
        cancel_key: None,
    }))
}
