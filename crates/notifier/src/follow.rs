//! Follows the log: what each event gives occasion to tell goes into the outbox with the checkpoint, both or neither.
//!
//! A notifier that has no checkpoint begins at the head of the log. What is made again, projections or a log from a copy, is
//! told to nobody: checkpoint and notices are in the outbox, which is not made from the log.

use std::time::Duration;

use domain::{DomainEvent, Position, Recorded, Timestamp, WebhookId, correlations, webhook::WebhookEvent};
use eventlog::EventFeed;
use outbox::{Cancel, Committed, DeliveryState, Handover, MessageKind, Moved, NewMessage, ReplayFilter};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Level, Span, info, span_enabled, trace_span, warn};

use crate::{
    book::Book,
    compose::Composer,
    notice::Notice,
    occasion::What,
    of_events,
    parts::{Failure, Parts},
    rules::Wishes,
    subscriptions,
    webhooks::verify::VERIFY_TYPE,
};

/// The checkpoint's name.
const NAME: &str = "events";
const EVENTS_MAX: usize = 200;
/// Between the beginnings of two batches, unless one was full. Each costs the outbox a commit, whatever is in it, and a message
/// is on its way for longer than that.
const BATCH_EVERY: Duration = Duration::from_millis(20);
/// How long the read models may lag behind an event before the notifier looks again.
const SHOWN_WITHIN: Duration = Duration::from_secs(5);
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// What follows.
pub(crate) struct Follower<'of> {
    parts: &'of Parts,
    book: Book,
    feed: EventFeed,
    /// None until it is known.
    at: Option<Position>,
    /// Up to where the read models have kept it waiting, and was it said.
    waits_for: Option<Position>,
    /// When the next batch is to begin.
    next: Instant,
}

impl<'of> Follower<'of> {
    pub(crate) fn new(parts: &'of Parts) -> Self {
        let (book, feed) = (Book::new(parts.read.clone()), parts.log.feed());
        Self { parts, book, feed, at: None, waits_for: None, next: Instant::now() }
    }

    /// Until it is told to stop.
    pub(crate) async fn run(mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let step = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                step = self.step() => step,
            };
            if let Err(failure) = step {
                warn!(error = %failure, "The notifier cannot go on now");
                metrics::counter!("tollgate_notifier_failures_total", "of" => "events").increment(1);
                self.at = None;
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(AGAIN_AFTER) => {}
                }
            }
        }
    }

    /// One batch, if there is one.
    #[cfg(test)]
    pub(crate) async fn step_once(&mut self) -> Result<(), Failure> {
        self.step().await
    }

    /// One batch, or a while without one.
    async fn step(&mut self) -> Result<(), Failure> {
        let at = self.begin().await?;
        tokio::time::sleep_until(self.next).await;
        let batch = self.feed.next_within(at, EVENTS_MAX, Duration::from_secs(1)).await?;
        if batch.len() < EVENTS_MAX {
            self.next = Instant::now() + BATCH_EVERY;
        }
        let Some(last) = batch.last().map(|recorded| recorded.position) else { return Ok(()) };
        if !self.parts.visibility.wait_for(last, SHOWN_WITHIN).await {
            // What the events are about is not known yet; they come again.
            self.say_that_it_waits(last);
            return Ok(());
        }
        if let Some(position) = self.waits_for.take() {
            info!(
                event.position = position.get(),
                "The read models show position {position}; the notifier goes on"
            );
        }
        self.take(at, &batch).await
    }

    /// Once for each position: a projection that has halted stays so until somebody acts.
    fn say_that_it_waits(&mut self, position: Position) {
        metrics::counter!("tollgate_notifier_failures_total", "of" => "read_models").increment(1);
        if self.waits_for.is_none() {
            let seconds = SHOWN_WITHIN.as_secs();
            warn!(
                event.position = position.get(),
                "The read models have not shown position {position} for {seconds} seconds, and nothing is told before they do; a \
                 projection may have halted: `tollgate projections list`"
            );
            self.waits_for = Some(position);
        }
    }

    /// Where to go on from.
    async fn begin(&mut self) -> Result<Position, Failure> {
        if let Some(at) = self.at {
            return Ok(at);
        }
        let outbox = &self.parts.outbox;
        let at = match outbox.checkpoint(NAME).await? {
            Some(at) => at,
            None => {
                let head = self.parts.log.head();
                let moved = Moved { name: NAME.to_owned(), from: None, to: head };
                let begun = self.hand_over(Some(moved), vec![], vec![]).await?;
                if begun == Committed::Fenced {
                    return Ok(outbox.checkpoint(NAME).await?.unwrap_or(head));
                }
                info!(event.position = head.get(), "The notifier begins at position {head}");
                head
            }
        };
        self.at = Some(at);
        Ok(at)
    }

    /// Tells of the events, and moves on behind them.
    pub(crate) async fn take(&mut self, at: Position, events: &[Recorded]) -> Result<(), Failure> {
        let Some(last) = events.last().map(|recorded| recorded.position) else { return Ok(()) };
        let now = self.parts.clock.now();
        let _traces = traces(events);
        for (id, event) in webhooks(events) {
            self.turn(id, event, now).await?;
        }
        let wishes = Wishes::load(&self.parts.read).await?;
        let mut messages = self.messages(&wishes, events, now).await?;
        messages.extend(self.challenges(events, now).await?);
        let cancels = events.iter().filter_map(|recorded| of_events::cancels(&recorded.event)).collect();
        let moved = Moved { name: NAME.to_owned(), from: Some(at), to: last };
        self.at = match self.hand_over(Some(moved), messages, cancels).await? {
            Committed::Yes { created } => {
                metrics::counter!("tollgate_notifier_messages_total", "of" => "events")
                    .increment(u64::try_from(created.len()).unwrap_or(u64::MAX));
                Some(last)
            }
            // Somebody else has told of them.
            Committed::Fenced => None,
        };
        Ok(())
    }

    async fn messages(
        &self,
        wishes: &Wishes,
        events: &[Recorded],
        now: Timestamp,
    ) -> Result<Vec<NewMessage>, Failure> {
        let mut messages = subscriptions::messages(&self.parts.read, wishes, events, now).await?;
        if wishes.rules.is_empty() {
            return Ok(messages);
        }
        for recorded in events {
            let catching_up = self.parts.settings.catching_up(recorded.recorded_at, now);
            let (book, outbox) = (&self.book, &self.parts.outbox);
            let composer = Composer { book, outbox, wishes, now, catching_up };
            for mut occasion in of_events::occasions(book, &self.parts.log, recorded).await? {
                if let What::Once(Notice::EndpointDisabled(disabled)) = &mut occasion.what {
                    disabled.held = Some(self.held(disabled.endpoint.id).await?);
                }
                messages.extend(composer.messages(&occasion, &|_| false).await?);
            }
        }
        Ok(messages)
    }

    /// What waits for an endpoint.
    async fn held(&self, id: WebhookId) -> Result<u64, Failure> {
        let held = ReplayFilter { states: vec![DeliveryState::Held], ..ReplayFilter::default() };
        Ok(self.parts.outbox.count_replay(id, &held, None).await?)
    }

    /// Whoever is to be told at a URL that is new is asked there first.
    async fn challenges(&self, events: &[Recorded], now: Timestamp) -> Result<Vec<NewMessage>, Failure> {
        let mut challenges = vec![];
        for recorded in events {
            let DomainEvent::Webhook { id, event } = &recorded.event else { continue };
            let may_be_new = match event {
                WebhookEvent::Created(_) | WebhookEvent::Revised(_) | WebhookEvent::VerificationAsked(_) => {
                    true
                }
                WebhookEvent::Verified(_)
                | WebhookEvent::SecretRotated(_)
                | WebhookEvent::Disabled(_)
                | WebhookEvent::Enabled(_)
                | WebhookEvent::TestAsked(_)
                | WebhookEvent::ResendAsked(_)
                | WebhookEvent::Deleted(_) => false,
            };
            if may_be_new && self.book.endpoint(*id).await?.is_some_and(|endpoint| !endpoint.verified) {
                let asked = (*id, recorded.sequence);
                challenges.push(NewMessage::asked(
                    MessageKind::Verify,
                    VERIFY_TYPE,
                    asked,
                    "{}".to_owned(),
                    now,
                ));
            }
        }
        Ok(challenges)
    }

    async fn hand_over(
        &self,
        checkpoint: Option<Moved>,
        messages: Vec<NewMessage>,
        cancels: Vec<Cancel>,
    ) -> Result<Committed, Failure> {
        let at = self.parts.clock.now();
        Ok(self.parts.outbox.commit(Handover { checkpoint, at, messages, cancels }).await?)
    }

    /// Has the outbox know whether anything goes to the endpoint. Before what is handed over: it goes where that says.
    async fn turn(&self, id: WebhookId, event: &WebhookEvent, now: Timestamp) -> Result<(), Failure> {
        let outbox = &self.parts.outbox;
        let told = self.book.endpoint(id).await?.is_some_and(|endpoint| endpoint.is_told());
        match event {
            WebhookEvent::Deleted(_) => drop(outbox.remove_endpoint(id, now).await?),
            WebhookEvent::Created(_) | WebhookEvent::Disabled(_) => drop(outbox.hold(id, now).await?),
            WebhookEvent::Revised(_) if !told => drop(outbox.hold(id, now).await?),
            WebhookEvent::Verified(_) | WebhookEvent::Enabled(_) if told => {
                outbox.release(id, now).await?;
            }
            WebhookEvent::Revised(_)
            | WebhookEvent::Verified(_)
            | WebhookEvent::Enabled(_)
            | WebhookEvent::SecretRotated(_)
            | WebhookEvent::VerificationAsked(_)
            | WebhookEvent::TestAsked(_)
            | WebhookEvent::ResendAsked(_) => {}
        }
        Ok(())
    }
}

/// Pieces of work of one batch that are traced.
const TRACES_MAX: usize = 24;

/// A span for each piece of work that the batch goes on with, where anybody wants them.
fn traces(events: &[Recorded]) -> Vec<Span> {
    if !span_enabled!(Level::TRACE) {
        return vec![];
    }
    let notify = |(id, position): (&str, Position)| {
        trace_span!(
            "notify",
            correlation.id = id,
            event.position = position.get(),
            batch.events = events.len()
        )
    };
    correlations(events, TRACES_MAX).into_iter().map(notify).collect()
}

fn webhooks(events: &[Recorded]) -> impl Iterator<Item = (WebhookId, &WebhookEvent)> {
    events.iter().filter_map(|recorded| match &recorded.event {
        DomainEvent::Webhook { id, event } => Some((*id, event)),
        DomainEvent::ApiClient { .. }
        | DomainEvent::ApiKey { .. }
        | DomainEvent::Route { .. }
        | DomainEvent::RateLimitPolicy { .. }
        | DomainEvent::Projection { .. }
        | DomainEvent::Operation { .. }
        | DomainEvent::ScheduledChange { .. }
        | DomainEvent::Principal { .. }
        | DomainEvent::Grant { .. }
        | DomainEvent::Observation { .. }
        | DomainEvent::Erasure { .. }
        | DomainEvent::Approval { .. }
        | DomainEvent::ApprovalRule { .. }
        | DomainEvent::NotificationRule { .. } => None,
    })
}
