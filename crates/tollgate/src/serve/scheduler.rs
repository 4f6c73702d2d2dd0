//! The role `scheduler`: what the clock has brought becomes a command like any other.
//!
//! Expiries and planned revocations go on record, which the gateway judges by itself; planned changes are carried out;
//! old secrets of rotations are retired when idle, and told of while still busy. Of several processes one does it.

mod desk;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use api::PartReadiness;
use domain::SharedClock;
use eventlog::{EventLog, Steadiness};
use metrics::gauge;
use projections::{Leadership, ReadModel, Visibility};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::adapters::UsageHeard;
use crate::runtime::Tasks;
use desk::Desk;

const NAME: &str = "scheduler";
const EVERY: Duration = Duration::from_secs(1);
/// Old secrets are judged by hours.
const OVERLAPS_EVERY: Duration = Duration::from_secs(30);
/// By a head of the usage stream that was heard longer ago nothing is judged. It is asked for four times a second, and an
/// answer may take five seconds: one that is lost is no outage, and what comes meanwhile is nothing beside an hour, the
/// shortest time after which an old secret counts as idle.
const HEARD_WITHIN: Duration = Duration::from_secs(10);

/// How the scheduler of this process is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum SchedulerStatus {
    #[default]
    StandingBy,
    Leading {
        overdue: u64,
    },
    /// The clock has jumped, and is not believed yet.
    Waiting,
}

impl SchedulerStatus {
    /// Whatever it is, the process serves: a scheduler that fails says so by what is overdue.
    pub(super) fn readiness(&self) -> PartReadiness {
        let detail = match self {
            Self::StandingBy => "standing by".to_owned(),
            Self::Leading { overdue } => format!("leading, {overdue} overdue"),
            Self::Waiting => "leading, waits for the clock to go evenly".to_owned(),
        };
        PartReadiness { ready: true, detail }
    }
}

/// What the scheduler works with.
pub(super) struct Scheduler {
    desk: Desk,
    read: ReadModel,
    clock: SharedClock,
    visibility: Visibility,
    heard: UsageHeard,
    told: watch::Sender<SchedulerStatus>,
}

/// Starts it; answers how it is.
pub(super) fn start(
    log: EventLog,
    read: ReadModel,
    (visibility, heard): (Visibility, UsageHeard),
    clock: &SharedClock,
    tasks: &mut Tasks,
) -> watch::Receiver<SchedulerStatus> {
    let (told, status) = watch::channel(SchedulerStatus::default());
    let (desk, clock) = (Desk { log, read: read.clone() }, Arc::clone(clock));
    let scheduler = Scheduler { desk, read, clock, visibility, heard, told };
    let stop = tasks.stop_token();
    tasks.spawn(NAME, async move {
        scheduler.run(stop).await;
        Ok(())
    });
    status
}

impl Scheduler {
    async fn run(self, stop: CancellationToken) {
        let mut leadership = self.read.leadership(NAME);
        while leadership.gained(&stop).await {
            info!("Leading as the scheduler");
            gauge!("tollgate_scheduler_leads").set(1.0);
            let told_to_stop = self.lead(&mut leadership, &stop).await;
            gauge!("tollgate_scheduler_leads").set(0.0);
            gauge!("tollgate_changes_overdue").set(0.0);
            self.told.send_replace(SchedulerStatus::StandingBy);
            leadership.release().await;
            if told_to_stop {
                return;
            }
            warn!("The scheduler's lock is lost; standing by");
        }
    }

    /// Whether it was told to stop; else the turn is lost. Whatever it was at then is safe to be done again by another.
    async fn lead(&self, leadership: &mut Leadership, stop: &CancellationToken) -> bool {
        tokio::select! {
            biased;
            () = self.look_until(stop) => true,
            () = leadership.lost() => false,
        }
    }

    async fn look_until(&self, stop: &CancellationToken) {
        let mut steadiness = Steadiness::new(self.clock.now(), Instant::now());
        let mut overlaps_at = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            let (now, monotonic) = (self.clock.now(), Instant::now());
            if !steadiness.holds(now, monotonic) {
                self.told.send_replace(SchedulerStatus::Waiting);
                continue;
            }
            self.desk.end_keys(now).await;
            self.desk.carry_out(now).await;
            if monotonic >= overlaps_at && self.knows_usage(monotonic) {
                overlaps_at = monotonic + OVERLAPS_EVERY;
                self.desk.judge_overlaps(now).await;
            }
            if let Some(overdue) = self.desk.overdue(now).await {
                gauge!("tollgate_changes_overdue").set(super::health::measure(overdue));
                self.told.send_replace(SchedulerStatus::Leading { overdue });
            }
        }
    }

    /// Whether the usage that has been reported is counted. By what is not counted yet, a secret in use looks idle; so it does
    /// while the bus is away from here, and gateways that reach it go on to report.
    fn knows_usage(&self, now: Instant) -> bool {
        let status = self.visibility.status();
        let usage = status.iter().find(|projection| projection.name == projections::USAGE);
        usage.is_some_and(|usage| usage.halted.is_none() && usage.lag_events == 0)
            && self.heard.within(HEARD_WITHIN, now)
    }
}
