//! What a rule would have told of the last days: the events of that time are asked again, keys as they stand now, and when quotas
//! filled, and weeks and months ended.

mod quotas;
mod reports;

use domain::{
    NoticeName, NotificationRuleId, Position, Timestamp, notification_rule::RuleSpec,
    personal::PersonalValues,
};
use eventlog::EventLog;
use jiff::SignedDuration;
use projections::{
    ReadModel,
    queries::{Page, audit, keys},
};
use serde::Serialize;

use crate::{
    book::Book,
    notice::Notice,
    occasion::{Marked, Occasion},
    of_events,
    parts::Failure,
    recipients::{Recipients, recipients},
    rules::{Rule, Wishes},
    timed,
};

/// So far back.
pub const DAYS: i64 = 30;
/// Notices beyond it are only counted.
pub const NOTICES_MAX: usize = 200;
/// Events that are read; beyond them the answer says that it is cut.
const EVENTS_MAX: u64 = 100_000;
const KEYS_MAX: usize = 20_000;
const PAGE: u32 = 500;

/// What would have been told.
#[derive(Clone, Debug, Serialize)]
pub struct Preview {
    pub from: Timestamp,
    pub until: Timestamp,
    /// All that were found, the newest first, the first 200 of them shown.
    pub notices_total: u64,
    pub notices: Vec<Previewed>,
    /// There was more to look at than is looked at for a preview.
    pub cut: bool,
    /// From when on it is known how full quotas were; none where the rule names none, or nothing is known.
    pub quotas_from: Option<Timestamp>,
    /// What the rule names and a preview knows nothing of: how things stood at which time is not kept.
    pub left_out: Vec<NoticeName>,
}

/// One notice that would have been told.
#[derive(Clone, Debug, Serialize)]
pub struct Previewed {
    pub at: Timestamp,
    pub title: String,
    /// How many e-mail addresses it would have gone to by now.
    pub addresses: usize,
    pub webhooks: usize,
    #[serde(flatten)]
    pub notice: Notice,
}

/// Why there is no preview.
#[derive(Debug, thiserror::Error)]
#[error("looking at what would have been told")]
pub struct PreviewFailure(#[source] Box<dyn std::error::Error + Send + Sync>);

/// What the rule would have told until then.
///
/// # Errors
/// When the log or the read models cannot be read.
pub async fn preview(
    log: &EventLog,
    read: &ReadModel,
    spec: &RuleSpec,
    addresses: PersonalValues,
    until: Timestamp,
) -> Result<Preview, PreviewFailure> {
    let failed = |failure: Failure| PreviewFailure(Box::new(failure));
    let id = NotificationRuleId::from_parts(0, 0);
    let wishes = Wishes::of_one(id, spec, addresses);
    let Some(rule) = wishes.rules.first() else { return Ok(nothing(until)) };
    let asking = Asking { log, book: Book::new(read.clone()), wishes: &wishes, rule, until };
    asking.look().await.map_err(failed)
}

fn nothing(until: Timestamp) -> Preview {
    Preview {
        from: until,
        until,
        notices_total: 0,
        notices: vec![],
        cut: false,
        quotas_from: None,
        left_out: vec![],
    }
}

struct Asking<'of> {
    log: &'of EventLog,
    book: Book,
    wishes: &'of Wishes,
    rule: &'of Rule,
    until: Timestamp,
}

impl Asking<'_> {
    async fn look(&self) -> Result<Preview, Failure> {
        let from = self.until.saturating_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::MIN);
        let mut found = vec![];
        let cut_events = self.events(from, &mut found).await?;
        let cut_keys = self.expiries(from, &mut found).await?;
        let (cut_quotas, quotas_from) = self.quotas(from, &mut found).await?;
        let cut_reports = self.reports(from, &mut found).await?;
        found.sort_by_key(|previewed: &Previewed| std::cmp::Reverse(previewed.at));
        let left_out = NoticeName::ALL
            .into_iter()
            .filter(|name| self.wishes.want(*name) && is_left_out(*name))
            .collect();
        let notices_total = u64::try_from(found.len()).unwrap_or(u64::MAX);
        found.truncate(NOTICES_MAX);
        Ok(Preview {
            from,
            until: self.until,
            notices_total,
            notices: found,
            cut: cut_events || cut_keys || cut_quotas || cut_reports,
            quotas_from,
            left_out,
        })
    }

    /// Whether there were more events than are read.
    async fn events(&self, from: Timestamp, found: &mut Vec<Previewed>) -> Result<bool, Failure> {
        let head = self.log.head();
        let mut at = match audit::position_at(self.book.read(), from).await? {
            Some(position) => position,
            None => Position::START,
        };
        let cut = head.get().saturating_sub(at.get()) > EVENTS_MAX;
        if cut {
            at = Position::new(head.get().saturating_sub(EVENTS_MAX));
        }
        let mut feed = self.log.feed();
        while at < head {
            let batch = feed.next(at, 500).await?;
            let Some(last) = batch.last().map(|recorded| recorded.position) else { break };
            for recorded in batch.iter() {
                for occasion in of_events::occasions(&self.book, self.log, recorded).await? {
                    if let Some(marked) = self.rule.marks(&occasion) {
                        found.push(self.previewed(&occasion, marked, occasion.at).await?);
                    }
                }
            }
            at = last;
        }
        Ok(cut)
    }

    /// At each mark of a key that lay in that time, as the key stands now. Whether there were more keys than are looked at.
    async fn expiries(&self, from: Timestamp, found: &mut Vec<Previewed>) -> Result<bool, Failure> {
        let Some(days_max) = self.wishes.days_before_max() else { return Ok(false) };
        let ahead = SignedDuration::from_hours(24 * i64::from(days_max));
        let filter = keys::KeyFilter {
            expires_from: Some(from),
            expires_before: self.until.checked_add(ahead).ok(),
            ..keys::KeyFilter::default()
        };
        let (mut page, mut seen) = (Page::first(PAGE), 0);
        loop {
            let rows = keys::list(self.book.read(), &filter, &page).await?;
            let Some(last) = rows.last().map(|row| row.key_id.to_string()) else { return Ok(false) };
            page.after = Some(last);
            seen += rows.len();
            for row in rows {
                let Some(key) = self.book.with_client(row).await? else { continue };
                for day in 0..=DAYS {
                    let then =
                        from.saturating_add(SignedDuration::from_hours(24 * day)).unwrap_or(self.until);
                    if then < key.row.issued_at || then > self.until {
                        continue;
                    }
                    let Some(occasion) = timed::expiry(&key, then) else { continue };
                    if let Some(marked) = self.crossed(&occasion, &key, then) {
                        found.push(self.previewed(&occasion, marked, then).await?);
                    }
                }
            }
            if seen >= KEYS_MAX {
                return Ok(true);
            }
        }
    }

    /// The mark, on the day that it was reached.
    fn crossed(&self, occasion: &Occasion, key: &crate::book::KnownKey, then: Timestamp) -> Option<Marked> {
        let marked = self.rule.marks(occasion)?;
        let before = then.checked_sub(SignedDuration::from_hours(24)).ok()?;
        if before < key.row.issued_at {
            return Some(marked);
        }
        let day_before = timed::expiry(key, before).and_then(|earlier| self.rule.marks(&earlier));
        (day_before.map(|earlier| earlier.threshold) != Some(marked.threshold)).then_some(marked)
    }

    async fn previewed(
        &self,
        occasion: &Occasion,
        marked: Marked,
        at: Timestamp,
    ) -> Result<Previewed, Failure> {
        let Recipients { webhooks, addresses } =
            recipients(self.rule, occasion, &self.wishes.addresses, &self.book).await?;
        let Marked { notice, .. } = marked;
        Ok(Previewed {
            at,
            title: notice.title(),
            addresses: addresses.len(),
            webhooks: webhooks.len(),
            notice,
        })
    }
}

/// What the time brings, but for expiries and quotas.
fn is_left_out(name: NoticeName) -> bool {
    matches!(
        name,
        NoticeName::ThrottlingSpike
            | NoticeName::EndpointFailing
            | NoticeName::ChannelDown
            | NoticeName::CheckpointAlarm
    )
}
