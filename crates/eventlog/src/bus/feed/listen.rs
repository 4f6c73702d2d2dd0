//! Listens to the bus, and notices when it is silent for too long or away.

use std::time::Duration;

use async_nats::jetstream::Message;
use domain::Position;
use futures::{FutureExt, StreamExt};
use metrics::counter;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::{BusFeed, consumer};

/// A silent stream is asked whether it has something that it does not give: soon, and then ever more rarely.
pub(super) const SILENCE_MIN: Duration = Duration::from_secs(1);
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// While the bus is away the log is asked this often.
const AWAY_PAUSE: Duration = Duration::from_millis(500);
/// Messages held in memory; beyond it we read no further.
const HELD_MESSAGES_MAX: usize = 2 * consumer::IN_FLIGHT_MAX;

/// What waiting for the bus came to.
pub(super) enum Heard {
    GoOn,
    /// Ask the log: the bus is silent though it has more, or it is away.
    AskTheLog,
    /// The caller's time is up.
    Idle,
}

impl BusFeed {
    pub(super) async fn listen(&mut self, after: Position, deadline: Option<Instant>) -> Heard {
        let mut losses = self.bus.losses();
        losses.mark_unchanged();
        let silence = Instant::now() + self.silence;
        let until = deadline.map_or(silence, |deadline| deadline.min(silence));
        if let Err(why) = self.open(after).await {
            return self.away(&*why, deadline).await;
        }
        let Some(messages) = self.messages.as_mut() else { return Heard::AskTheLog };
        let heard = tokio::select! {
            biased;
            heard = messages.next() => heard,
            _ = losses.changed() => None,
            () = tokio::time::sleep_until(until) => return self.silent(after, deadline).await,
        };
        match heard {
            Some(Ok(message)) => {
                (self.was_away, self.silence) = (false, SILENCE_MIN);
                self.take(after, message).await;
                self.take_those_that_are_there(after).await;
                Heard::GoOn
            }
            Some(Err(error)) => {
                self.messages = None;
                self.away(&error, deadline).await
            }
            None => {
                self.messages = None;
                let lost: Box<dyn std::error::Error + Send + Sync> = "the connection was lost".into();
                self.away(&*lost, deadline).await
            }
        }
    }

    async fn take_those_that_are_there(&mut self, after: Position) {
        while self.held.len() < HELD_MESSAGES_MAX {
            let Some(messages) = self.messages.as_mut() else { return };
            match messages.next().now_or_never() {
                Some(Some(Ok(message))) => self.take(after, message).await,
                Some(Some(Err(_)) | None) => self.messages = None,
                None => return,
            }
        }
    }

    /// Keeps a message that is news. A crash of the server brings back thousands that are not.
    async fn take(&mut self, after: Position, message: Message) {
        let (position, pending) = match message.info() {
            Ok(info) => (Position::new(info.stream_sequence), info.pending),
            Err(error) => return debug!("The bus sent something that is not of a stream: {error}"),
        };
        self.head = self.head.max(Position::new(position.get().saturating_add(pending)));
        if position > after {
            // A redelivery replaces what we hold: its acknowledgement is the one that is waited for.
            drop(self.held.insert(position, message));
        } else {
            counter!("tollgate_bus_repeated_total", "follower" => self.kind.name().to_owned()).increment(1);
            self.acknowledge(message).await;
        }
    }

    async fn silent(&mut self, after: Position, deadline: Option<Instant>) -> Heard {
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Heard::Idle;
        }
        match self.last_of_the_stream().await {
            Ok(last) if last <= after => {
                self.silence = self.silence.saturating_mul(2).min(SILENCE_MAX);
                Heard::GoOn
            }
            // It may be on its way at this very moment: the log has it in any case.
            Ok(last) => {
                self.head = self.head.max(last);
                Heard::AskTheLog
            }
            Err(why) => self.away(&*why, deadline).await,
        }
    }

    /// Without the bus the log is asked, now and then.
    async fn away(
        &mut self,
        why: &(dyn std::error::Error + Send + Sync + 'static),
        deadline: Option<Instant>,
    ) -> Heard {
        self.messages = None;
        if !std::mem::replace(&mut self.was_away, true) {
            let name = self.kind.name();
            warn!(error = why, "`{name}` follows without the bus until it is back");
        }
        let pause = Instant::now() + AWAY_PAUSE;
        tokio::time::sleep_until(deadline.map_or(pause, |deadline| deadline.min(pause))).await;
        match deadline {
            // The log is asked once before the caller's time is up.
            Some(deadline) if deadline <= Instant::now() && !self.behind => Heard::Idle,
            Some(_) | None => Heard::AskTheLog,
        }
    }
}
