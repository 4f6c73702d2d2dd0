//! Puts on record what the clock has done: expiries and planned revocations that have come.
//!
//! The gateway refuses from the second on by itself; this makes it an event, as a command like any other.

use std::time::{Duration, Instant};

use domain::{
    KeyId, Metadata, SharedClock, Timestamp,
    api_key::{ApiKey, ApiKeyCommand, ExpireKey},
    metadata::ActorKind,
};
use eventlog::{EventLog, Execute, ExecuteError};
use jiff::SignedDuration;
use projections::{ReadModel, queries::keys};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

const EVERY: Duration = Duration::from_secs(1);
/// What is left is due at the next look.
const DUE_MAX: u32 = 500;

/// A clock that has jumped is believed after it has gone evenly for so long.
const STEADY_FOR: Duration = Duration::from_secs(10);
/// How far the two clocks of a machine may drift apart between two looks.
const DRIFT_MAX: SignedDuration = SignedDuration::from_secs(5);

/// Watches the wall clock by the one that cannot be set. An end on record is final: a clock that is wrong for a moment
/// must not put one there. The gateway judges by the wall clock meanwhile, and recovers with it.
struct Steadiness {
    seen: (Timestamp, Instant),
    uneven: Option<Instant>,
}

impl Steadiness {
    fn new(now: Timestamp, monotonic: Instant) -> Self {
        Self { seen: (now, monotonic), uneven: None }
    }

    /// Whether the wall clock may be believed.
    fn holds(&mut self, now: Timestamp, monotonic: Instant) -> bool {
        let (before, began) = std::mem::replace(&mut self.seen, (now, monotonic));
        let passed = SignedDuration::try_from(monotonic.saturating_duration_since(began))
            .unwrap_or(SignedDuration::MAX);
        let apart = now.duration_since(before).saturating_sub(passed).abs();
        if apart > DRIFT_MAX {
            warn!(
                "The clock has jumped by {apart:#}; ends that have come are put on record once it goes evenly"
            );
            self.uneven = Some(monotonic);
        }
        if self.uneven.is_some_and(|since| monotonic.saturating_duration_since(since) >= STEADY_FOR) {
            self.uneven = None;
        }
        self.uneven.is_none()
    }
}

/// Looks for keys that are due until stopped. A key that cannot be put on record now is due again at the next look.
pub(super) async fn run(
    log: EventLog,
    read: ReadModel,
    clock: SharedClock,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut steadiness = Steadiness::new(clock.now(), Instant::now());
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(EVERY) => {}
        }
        let now = clock.now();
        if !steadiness.holds(now, Instant::now()) {
            continue;
        }
        match keys::due(&read, now, DUE_MAX).await {
            Ok(due) => {
                for key in due {
                    record(&log, key.key_id, now).await;
                }
            }
            Err(failure) => warn!(error = %failure, "Cannot look for keys that are due"),
        }
    }
}

/// Puts on record whichever end has come: the expiry or the planned revocation. The log decides which.
async fn record(log: &EventLog, key_id: KeyId, now: Timestamp) {
    let ask: Execute<ApiKey> = Execute {
        id: key_id,
        command: ApiKeyCommand::Expire(ExpireKey { now }),
        metadata: metadata(key_id, now),
        expected_version: None,
        idempotency: None,
        personal: vec![],
    };
    match log.execute(ask).await {
        Ok(done) if done.events.is_empty() => {}
        Ok(_) => {
            info!(key.id = %key_id, "Ended key `{key_id}` as its time had come")
        }
        // Rotated or revoked in between: the next look sees it.
        Err(ExecuteError::Refused(_)) => {}
        Err(failure) => warn!(key.id = %key_id, error = %failure, "Cannot end a key whose time has come"),
    }
}

fn metadata(key_id: KeyId, now: Timestamp) -> Metadata {
    let id = format!("lifecycle-{key_id}-{}", now.as_second());
    Metadata {
        occurred_at: now,
        actor: "system:lifecycle".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "system".to_owned(),
        address: None,
        user_agent: None,
        request_id: id.clone(),
        correlation_id: id.clone(),
        causation_id: None,
        reason: None,
        command_id: id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_jumps_is_believed_once_it_goes_evenly() {
        let (wall, began) = ("2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap(), Instant::now());
        let at = |wall_seconds: i64, seconds: u64| {
            (wall + SignedDuration::from_secs(wall_seconds), began + Duration::from_secs(seconds))
        };
        let mut steadiness = Steadiness::new(wall, began);
        let mut holds = |(now, monotonic): (Timestamp, Instant)| steadiness.holds(now, monotonic);
        assert!(holds(at(1, 1)));
        assert!(!holds(at(3_602, 2)), "an hour ahead at once");
        assert!(!holds(at(3_611, 11)));
        assert!(holds(at(3_612, 12)), "even for ten seconds");
        assert!(!holds(at(13, 13)), "and back");
    }
}
