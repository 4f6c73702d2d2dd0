//! What the publisher tells health, metrics and logs.

use domain::Position;
use metrics::{counter, gauge};
use tokio::sync::watch;
use tracing::{info, warn};

use super::stand::Stand;
use crate::bus::{BusFailure, EVENTS_STREAM};

/// The stream is not a copy of this log. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum PublishFailure {
    #[error(
        "the stream {EVENTS_STREAM} is at {last} but the log ends at {head}: the log was restored from an older copy, or someone else has published; restore the log, or remove the stream to fill it again from this log"
    )]
    Ahead { last: Position, head: Position },
    #[error(
        "at position {at} the stream {EVENTS_STREAM} holds {found} where the log has another event; if the log is right, remove the stream and it is filled again"
    )]
    Differs { at: Position, found: String },
    #[error(
        "the stream {EVENTS_STREAM} is the copy of another log; give this installation a bus account of its own, or remove the stream"
    )]
    AnotherLog,
    #[error(transparent)]
    Unusable(BusFailure),
}

/// How far the copy is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherStatus {
    /// The last event that the bus has acknowledged, to us or to another publisher.
    pub position: Position,
    /// Events of the log that the bus does not have yet.
    pub lag_events: u64,
    pub state: PublisherState,
}

/// How the publisher is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PublisherState {
    /// Has not heard of the stream yet.
    #[default]
    Starting,
    Publishing,
    /// Something failed that may pass; it tries again.
    Held {
        why: String,
    },
    /// The stream is not a copy of this log: an operator has to look.
    Stopped {
        why: String,
    },
}

/// Acknowledged positions, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) first: Position,
    pub(super) last: Position,
}

#[derive(Debug, Default)]
pub(super) struct Report {
    status: watch::Sender<PublisherStatus>,
    /// The highest position the bus is known to have had: what is published up to it is healed, not new.
    highest: Position,
}

impl Report {
    pub(super) fn watch(&self) -> watch::Receiver<PublisherStatus> {
        self.status.subscribe()
    }

    pub(super) fn stands(&mut self, stand: &Stand, head: Position) {
        if stand.made {
            // Whatever the log has by now, a stream that was there would have had.
            self.highest = self.highest.max(head);
        }
        if stand.last < self.highest {
            let lacks = self.highest.get().saturating_sub(stand.last.get());
            info!(
                event.position = stand.last.get(),
                "The stream lacks {lacks} events; filling it from the log"
            );
        }
        self.highest = self.highest.max(stand.last);
        gauge!("tollgate_publisher_stopped").set(0.0);
        self.at(stand.last, head);
    }

    pub(super) fn published(&mut self, published: Published, head: Position) {
        let Published { first, last } = published;
        let count = |until: Position| until.get().saturating_add(1).saturating_sub(first.get());
        counter!("tollgate_publisher_published_total").increment(count(last));
        counter!("tollgate_publisher_healed_events_total").increment(count(last.min(self.highest)));
        self.highest = self.highest.max(last);
        self.at(last, head);
    }

    pub(super) fn overtaken(&self) {
        counter!("tollgate_publisher_wrong_sequence_total").increment(1);
    }

    pub(super) fn held(&self, failure: &(dyn std::error::Error + Send + Sync + 'static)) {
        counter!("tollgate_publisher_retries_total").increment(1);
        let news = self.status.send_if_modified(|status| {
            let news = !matches!(status.state, PublisherState::Held { .. });
            status.state = PublisherState::Held { why: said(failure) };
            news
        });
        // Told once, not at every try.
        if news {
            warn!(error = failure, "Publishing to the bus is held up and tries again");
        }
    }

    pub(super) fn stopped(&self, failure: &PublishFailure) {
        gauge!("tollgate_publisher_stopped").set(1.0);
        self.status.send_modify(|status| status.state = PublisherState::Stopped { why: said(failure) });
    }

    fn at(&self, position: Position, head: Position) {
        let lag_events = head.get().saturating_sub(position.get());
        gauge!("tollgate_publisher_position").set(float(position.get()));
        gauge!("tollgate_publisher_lag_events").set(float(lag_events));
        self.status.send_replace(PublisherStatus { position, lag_events, state: PublisherState::Publishing });
    }
}

/// A failure with its causes, in one line.
fn said(failure: &dyn std::error::Error) -> String {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Exact up to 2^53.
fn float(number: u64) -> f64 {
    let high = u32::try_from(number >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}
