//! Quotas that fill, as the gateways say.
//!
//! A policy in shadow refuses nobody, and is told of all the same, for that is what it is tried for; the notice says so. A quota
//! that all share is no client's own: it is told of the policy, to addresses and webhooks, and to the owners and contacts of the
//! clients that assignments of the policy name. Of a rolling quota the most that was used in a window of its own is told, for
//! a day or, where it is longer, its window.

use std::num::NonZeroUsize;

use domain::{
    ClientId, Environment, KeyId, LimitName, NoticeName, PolicyId, Position, Timestamp,
    access::ResourceFacts,
    rate_limit_policy::{Period, QuotaWindow},
};
use lru::LruCache;
use outbox::Moved;
use projections::{
    USAGE,
    queries::{
        policies::PolicyRow,
        quota_levels::{self, LevelRow},
        quota_marks::MarkRow,
    },
};

use crate::{
    book::{Book, KnownClient},
    notice::{LimitRef, PolicyRef},
    notices::QuotaThreshold,
    occasion::{Occasion, QuotaLevel, What},
    parts::{Failure, Parts},
    rules::Wishes,
};

/// The checkpoint's name; its position is the number of a batch of usage.
const NAME: &str = "quotas";
const ROWS: u32 = 500;
/// Of so many shared quotas it is remembered how full they were.
const SHARED_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("more than none");

/// How full shared quotas were when they were last told: whom they concern is looked up once for each percentage, not for each
/// thousandth of it.
#[derive(Debug)]
pub(super) struct Shared(LruCache<String, u8>);

/// How far the gateways' words were heard.
pub(super) struct Heard {
    /// None before the first of them.
    from: Option<Position>,
    pub(super) occasions: Vec<Occasion>,
    shared: Vec<(String, u8)>,
    to: u64,
}

/// One quota as it has filled, in one window.
pub(crate) struct Filled {
    series: String,
    policy_id: PolicyId,
    policy_revision: u32,
    limit: LimitName,
    environment: Environment,
    client_id: Option<ClientId>,
    key_id: Option<KeyId>,
    window_start: Timestamp,
    window_end: Timestamp,
    pub(crate) used: u64,
    allowed: u64,
}

/// What has changed since the last look; none where nothing has.
pub(super) async fn changed(
    parts: &Parts,
    book: &Book,
    wishes: &Wishes,
    shared: &Shared,
    now: Timestamp,
) -> Result<Option<Heard>, Failure> {
    let from = parts.outbox.checkpoint(NAME).await?;
    let known = parts.read.checkpoint(USAGE).await?;
    // Batches are counted anew where their stream was made anew.
    let after = from.filter(|from| *from <= known).unwrap_or_default().get();
    let rows = quota_levels::changed_after(&parts.read, after, ROWS).await?;
    let Some(to) = rows.last().map(|row| row.batch_no) else { return Ok(None) };
    let mut heard = Heard { from, occasions: vec![], shared: vec![], to };
    // Whoever wants it later hears of the next change.
    let wanted = wishes.want(NoticeName::QuotaThreshold) || wishes.want(NoticeName::QuotaExhausted);
    for row in rows.into_iter().filter(|row| wanted && row.window_end > now) {
        let filled = Filled::of_level(row);
        if filled.client_id.is_none() {
            let (window, percent) = (filled.window(), filled.percent());
            if shared.0.peek(&window) == Some(&percent) {
                continue;
            }
            heard.shared.push((window, percent));
        }
        heard.occasions.extend(occasion(book, filled, now).await?);
    }
    Ok(Some(heard))
}

impl Heard {
    pub(super) fn moved(&self) -> Moved {
        Moved { name: NAME.to_owned(), from: self.from, to: Position::new(self.to) }
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self(LruCache::new(SHARED_MAX))
    }
}

impl Shared {
    /// Once it is told for certain.
    pub(super) fn remember(&mut self, heard: Heard) {
        for (window, percent) in heard.shared {
            self.0.put(window, percent);
        }
    }
}

impl Filled {
    fn of_level(row: LevelRow) -> Self {
        Self {
            series: row.series,
            policy_id: row.policy_id,
            policy_revision: row.policy_revision,
            limit: row.limit,
            environment: row.environment,
            client_id: row.client_id,
            key_id: row.key_id,
            window_start: row.window_start,
            window_end: row.window_end,
            used: row.used,
            allowed: row.allowed,
        }
    }

    pub(crate) fn of_mark(row: &MarkRow) -> Self {
        Self {
            series: row.series.clone(),
            policy_id: row.policy_id,
            policy_revision: row.policy_revision,
            limit: row.limit.clone(),
            environment: row.environment.clone(),
            client_id: row.client_id,
            key_id: row.key_id,
            window_start: row.window_start,
            window_end: row.window_end,
            used: row.steps.last().map_or(0, |step| step.used),
            allowed: row.allowed,
        }
    }

    /// Another limit is another matter, and so is one that began anew: its series is another.
    fn window(&self) -> String {
        format!("{}/{}", self.series, self.allowed)
    }

    fn percent(&self) -> u8 {
        let percent = u128::from(self.used).saturating_mul(100) / u128::from(self.allowed.max(1));
        u8::try_from(percent.min(100)).unwrap_or(100)
    }
}

/// None where what is counted is not known.
pub(crate) async fn occasion(
    book: &Book,
    filled: Filled,
    now: Timestamp,
) -> Result<Option<Occasion>, Failure> {
    let Some(policy) = book.policy(filled.policy_id).await? else { return Ok(None) };
    let (mut client, mut sharing) = (None, vec![]);
    match filled.client_id {
        Some(client_id) => {
            client = book.client(client_id).await?;
            if client.is_none() {
                return Ok(None);
            }
        }
        None => {
            for id in book.named_by(filled.policy_id).await? {
                sharing.extend(book.client(id).await?);
            }
        }
    }
    let key = match filled.key_id {
        Some(key_id) => book.key(key_id).await?,
        None => None,
    };
    let window = filled.window();
    let environment = filled.environment.clone();
    let told = QuotaThreshold { key: key.map(|key| key.told), ..told(filled, &policy, client.as_ref(), now) };
    Ok(Some(Occasion {
        window,
        what: What::Quota(Box::new(QuotaLevel {
            told,
            thresholds: policy.spec.thresholds.into_iter().collect(),
        })),
        at: now,
        position: None,
        facts: facts(client.as_ref(), &environment),
        client,
        sharing,
        environment: Some(environment),
        named: vec![],
        cancel_key: None,
    }))
}

/// What all share is nobody's: it is told within scopes that are no team's.
fn facts(client: Option<&KnownClient>, environment: &Environment) -> ResourceFacts {
    let environments = [environment.clone()];
    match client {
        Some(client) => ResourceFacts::owned(&client.told.owner_team, environments),
        None => ResourceFacts::Owned { owner_team: None, environments: environments.into() },
    }
}

/// As far as it can be told without its key.
fn told(filled: Filled, policy: &PolicyRow, client: Option<&KnownClient>, now: Timestamp) -> QuotaThreshold {
    let Filled { policy_id, policy_revision, limit, environment, window_start, window_end, .. } = filled;
    let Filled { used, allowed, .. } = filled;
    let rolling_over = rolling_over(policy, &limit);
    // What was used in a rolling window comes back: no line leads to its end.
    let forecast_reached_at = match rolling_over {
        Some(_) => None,
        None => quota_levels::forecast(used, allowed, window_start, window_end, now),
    };
    QuotaThreshold {
        client: client.map(|client| client.told.clone()),
        key: None,
        limit: LimitRef {
            policy: PolicyRef { id: policy_id, name: policy.spec.name.clone(), version: policy_revision },
            name: limit,
            mode: policy.spec.mode,
        },
        environment,
        threshold_percent: 0,
        used,
        allowed,
        window_start,
        window_end,
        rolling_over,
        forecast_reached_at,
    }
}

fn rolling_over(policy: &PolicyRow, limit: &LimitName) -> Option<Period> {
    let quota = policy.spec.quotas.iter().find(|quota| quota.name == *limit)?;
    (quota.window == QuotaWindow::Rolling).then_some(quota.period)
}
