//! Clients of whose calls far more are refused by limits than usual.

use domain::{NoticeName, Timestamp};
use jiff::SignedDuration;
use projections::queries::throttling::{self, Spike};

use crate::{
    book::Book,
    notices::{ThrottlingSpike, TopLimit},
    occasion::{Occasion, What},
    parts::Failure,
    rules::Wishes,
};

/// So long back is looked at, ending a little ago: gateways report after a moment.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
const LATE: SignedDuration = SignedDuration::from_mins(1);
/// So many refusals in that time, and such a share of all calls, are a spike.
const REFUSED_MIN: u64 = 100;
const PERCENT_MIN: u64 = 20;

pub(super) async fn occasions(
    book: &Book,
    wishes: &Wishes,
    now: Timestamp,
) -> Result<Vec<Occasion>, Failure> {
    if !wishes.want(NoticeName::ThrottlingSpike) {
        return Ok(vec![]);
    }
    let until = whole_minute(now.saturating_sub(LATE).unwrap_or(now));
    let from = until.saturating_sub(WINDOW).unwrap_or(until);
    let mut occasions = vec![];
    for spike in throttling::spikes(book.read(), from, until, REFUSED_MIN).await? {
        let percent = spike.refused.saturating_mul(100) / spike.calls.max(1);
        if percent >= PERCENT_MIN {
            occasions.extend(occasion(book, spike, percent, (from, until), now).await?);
        }
    }
    Ok(occasions)
}

async fn occasion(
    book: &Book,
    spike: Spike,
    percent: u64,
    (window_start, window_end): (Timestamp, Timestamp),
    now: Timestamp,
) -> Result<Option<Occasion>, Failure> {
    let Some(client) = book.client(spike.client_id).await? else { return Ok(None) };
    let top_limit = match spike.top {
        Some(top) => book.policy(top.policy_id).await?.map(|policy| TopLimit {
            policy_id: top.policy_id,
            policy_name: policy.spec.name,
            name: top.limit,
        }),
        None => None,
    };
    let notice = ThrottlingSpike {
        client: client.told.clone(),
        environment: Some(spike.environment.clone()),
        window_start,
        window_end,
        calls: spike.calls,
        refused: spike.refused,
        percent: u8::try_from(percent).unwrap_or(100),
        top_limit,
    };
    let facts = domain::access::ResourceFacts::owned(&client.told.owner_team, [spike.environment.clone()]);
    Ok(Some(Occasion {
        what: What::Once(notice.into()),
        // Told once for each hour of it.
        window: format!("{}/{}", spike.environment, window_end.as_second() / 3_600),
        at: now,
        position: None,
        client: Some(client),
        environment: Some(spike.environment),
        facts,
        sharing: vec![],
        named: vec![],
        cancel_key: None,
    }))
}

fn whole_minute(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(at)
}
