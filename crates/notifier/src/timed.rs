//! What the time brings: keys that expire, quotas that fill, endpoints that fail, ways that are blocked.
//!
//! It is looked at over and over; what was told is known by its key in the outbox.

mod checkpoints;
mod endpoints;
mod expiries;
mod quotas;
mod reports;
mod throttling;
mod upkeep;

pub(crate) use endpoints::gauge_backlog;
pub(crate) use expiries::occasion as expiry;
pub(crate) use quotas::{Filled, occasion as quota};
pub(crate) use reports::{Clients, Ended, unreported};

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use domain::{MessageId, Position, Timestamp};
use eventlog::Steadiness;
use lru::LruCache;
use outbox::{Committed, Handover, Moved, NewMessage};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    book::Book,
    compose::Composer,
    deliver::Channels,
    notice::Notice,
    occasion::{Occasion, What},
    of_events::ANYTHING,
    parts::{Failure, Parts},
    rules::Wishes,
};

/// The checkpoint's name; its position is the second of the last look.
const NAME: &str = "clock";
const EVERY: Duration = Duration::from_secs(2);
/// Messages handed over at once.
const MESSAGES_MAX: usize = 500;
/// What was handed over lately is not composed again at each look.
const REMEMBERED_MAX: NonZeroUsize = NonZeroUsize::new(200_000).expect("more than none");

/// Looks at the time.
pub(crate) struct Watch<'of> {
    parts: &'of Parts,
    book: Book,
    channels: &'of Channels,
    told: LruCache<MessageId, ()>,
    unsigned: checkpoints::Unsigned,
    shared: quotas::Shared,
    /// When each of the slower looks is due.
    due: Due,
}

struct Due {
    expiries: Option<Instant>,
    throttling: Option<Instant>,
    reports: Option<Instant>,
    endpoints: Option<Instant>,
    upkeep: Option<Instant>,
}

/// How often each is looked at.
const EXPIRIES_EVERY: Duration = Duration::from_secs(60);
const THROTTLING_EVERY: Duration = Duration::from_secs(60);
const REPORTS_EVERY: Duration = Duration::from_secs(60);
const ENDPOINTS_EVERY: Duration = Duration::from_secs(15);
const UPKEEP_EVERY: Duration = Duration::from_secs(600);

impl<'of> Watch<'of> {
    pub(crate) fn new(parts: &'of Parts, channels: &'of Channels) -> Self {
        let due = Due { expiries: None, throttling: None, reports: None, endpoints: None, upkeep: None };
        Self {
            parts,
            book: Book::new(parts.read.clone()),
            channels,
            told: LruCache::new(REMEMBERED_MAX),
            unsigned: checkpoints::Unsigned::default(),
            shared: quotas::Shared::default(),
            due,
        }
    }

    /// Until it is told to stop.
    pub(crate) async fn run(mut self, stop: &CancellationToken) {
        let mut steadiness = Steadiness::new(self.parts.clock.now(), Instant::now());
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            let (now, monotonic) = (self.parts.clock.now(), Instant::now());
            if !steadiness.holds(now, monotonic) {
                continue;
            }
            if let Err(failure) = self.look(now, monotonic).await {
                warn!(error = %failure, "Cannot look at what the time brings now");
                metrics::counter!("tollgate_notifier_failures_total", "of" => "time").increment(1);
            }
        }
    }

    /// Whatever is due to be looked at by then.
    pub(crate) async fn look(&mut self, now: Timestamp, monotonic: Instant) -> Result<(), Failure> {
        let since = self.begin(now).await?;
        let wishes = Wishes::load(&self.parts.read).await?;
        let catching_up = self.parts.settings.catching_up(since, now);
        if is_due(&mut self.due.endpoints, ENDPOINTS_EVERY, monotonic) {
            let mut occasions = endpoints::occasions(self.parts, &self.book, self.channels, now).await?;
            occasions.extend(self.unsigned.look(self.parts, now).await?);
            self.tell(&wishes, occasions, now, None).await?;
        }
        if is_due(&mut self.due.expiries, EXPIRIES_EVERY, monotonic) {
            let mut keys = expiries::Keys::new(&wishes, now);
            while let Some(occasions) = keys.next(&self.book).await? {
                self.tell(&wishes, occasions, now, catching_up).await?;
            }
        }
        if is_due(&mut self.due.throttling, THROTTLING_EVERY, monotonic) {
            let occasions = throttling::occasions(&self.book, &wishes, now).await?;
            self.tell(&wishes, occasions, now, catching_up).await?;
        }
        if is_due(&mut self.due.reports, REPORTS_EVERY, monotonic) {
            self.reports(&wishes, now).await?;
        }
        while let Some(mut heard) =
            quotas::changed(self.parts, &self.book, &wishes, &self.shared, now).await?
        {
            let occasions = std::mem::take(&mut heard.occasions);
            // Told before it is known to be heard: what is told twice is known by its key.
            self.tell(&wishes, occasions, now, catching_up).await?;
            if self.hand_over(Some(heard.moved()), vec![]).await? == Committed::Fenced {
                break;
            }
            self.shared.remember(heard);
        }
        if is_due(&mut self.due.upkeep, UPKEEP_EVERY, monotonic) {
            upkeep::forget(self.parts, now).await?;
        }
        // At the end: one that was cut off looks again from where it stood.
        self.move_on(since, now).await.map(drop)
    }

    /// Usage reports of what has ended. One that is cut off begins anew: what was told is known by its key.
    async fn reports(&mut self, wishes: &Wishes, now: Timestamp) -> Result<(), Failure> {
        let Some(due) = reports::due(self.parts, wishes, now).await? else { return Ok(()) };
        for ended in &due.told {
            let mut clients = Clients::of(ended);
            while let Some(occasions) = clients.next(&self.book).await? {
                self.tell(wishes, occasions, now, None).await?;
            }
        }
        self.hand_over(Some(due.moved), vec![]).await.map(drop)
    }

    /// When the last look was; now, where this is the first.
    async fn begin(&self, now: Timestamp) -> Result<Timestamp, Failure> {
        if let Some(at) = self.parts.outbox.checkpoint(NAME).await? {
            let second = i64::try_from(at.get()).unwrap_or(i64::MAX);
            return Ok(Timestamp::from_second(second).unwrap_or(now));
        }
        let moved = Moved { name: NAME.to_owned(), from: None, to: second(now) };
        self.hand_over(Some(moved), vec![]).await?;
        Ok(now)
    }

    /// A clock that was set back stays where it was: nothing is told for later than it was.
    async fn move_on(&self, since: Timestamp, now: Timestamp) -> Result<Committed, Failure> {
        let (from, to) = (second(since), second(now.max(since)));
        self.hand_over(Some(Moved { name: NAME.to_owned(), from: Some(from), to }), vec![]).await
    }

    /// Composes and hands over what is new.
    async fn tell(
        &mut self,
        wishes: &Wishes,
        occasions: Vec<Occasion>,
        now: Timestamp,
        catching_up: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let mut messages = vec![];
        for occasion in occasions {
            let composer =
                Composer { book: &self.book, outbox: &self.parts.outbox, wishes, now, catching_up };
            messages.extend(composer.messages(&occasion, &|id| self.told.contains(id)).await?);
            if messages.len() >= MESSAGES_MAX {
                self.hand_over_new(std::mem::take(&mut messages)).await?;
            }
        }
        self.hand_over_new(messages).await
    }

    async fn hand_over_new(&mut self, messages: Vec<NewMessage>) -> Result<(), Failure> {
        if messages.is_empty() {
            return Ok(());
        }
        let ids: Vec<MessageId> = messages.iter().map(|message| message.message_id).collect();
        if let Committed::Yes { created } = self.hand_over(None, messages).await? {
            metrics::counter!("tollgate_notifier_messages_total", "of" => "time")
                .increment(u64::try_from(created.len()).unwrap_or(u64::MAX));
            for id in ids {
                self.told.put(id, ());
            }
        }
        Ok(())
    }

    async fn hand_over(
        &self,
        checkpoint: Option<Moved>,
        messages: Vec<NewMessage>,
    ) -> Result<Committed, Failure> {
        let at = self.parts.clock.now();
        Ok(self.parts.outbox.commit(Handover { checkpoint, at, messages, cancels: vec![] }).await?)
    }
}

/// About no client: for those who are told everything.
fn of_installation(notice: Notice, window: String, at: Timestamp) -> Occasion {
    Occasion {
        what: What::Once(notice),
        window,
        at,
        position: None,
        client: None,
        environment: None,
        facts: ANYTHING,
        sharing: vec![],
        named: vec![],
        cancel_key: None,
    }
}

fn second(at: Timestamp) -> Position {
    Position::new(u64::try_from(at.as_second()).unwrap_or_default())
}

fn is_due(at: &mut Option<Instant>, every: Duration, now: Instant) -> bool {
    let due = at.is_none_or(|at| now >= at);
    if due {
        *at = Some(now + every);
    }
    due
}
