//! Signs the log within two seconds of its last event, where its positions are given, and publishes what was signed.

mod outward;
pub(crate) mod published;

use std::time::Duration;

use api::PartReadiness;
use domain::{Position, SharedClock, Timestamp};
use eventlog::{
    EventLog,
    checkpoint::SignedCheckpoint,
    signer::{SignFailure, Signer},
};
use metrics::{counter, gauge};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{health::measure, rooms::Rooms};
use crate::{
    runtime::Tasks,
    settings::{Checkpoints, Settings},
};
use published::Published;

/// Between two signatures in the midst of events. The first after a rest is made at once.
const SIGN_EVERY: Duration = Duration::from_secs(1);
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How the signing goes in this process.
#[derive(Clone, Debug, Default)]
pub(super) struct SignerStatus {
    newest: Option<(Position, Timestamp)>,
    /// Why the log is not signed any more: for ever, until somebody has looked.
    refused: Option<String>,
}

impl SignerStatus {
    pub(super) fn readiness(&self) -> PartReadiness {
        let detail = match (&self.refused, self.newest) {
            (Some(why), _) => why.clone(),
            (None, Some((size, at))) => format!("signed at {size} on {at}"),
            (None, None) => "nothing is signed here yet".to_owned(),
        };
        PartReadiness { ready: self.refused.is_none(), detail }
    }

    pub(super) fn measure(&self, now: Timestamp, head: Position) {
        gauge!("tollgate_checkpoint_refused").set(if self.refused.is_some() { 1.0 } else { 0.0 });
        // Where another process signs, nothing is behind here.
        let (size, signed_at) = self.newest.unwrap_or((head, now));
        gauge!("tollgate_checkpoint_size").set(measure(size.get()));
        gauge!("tollgate_checkpoint_age_seconds").set(now.duration_since(signed_at).as_secs_f64());
        gauge!("tollgate_checkpoint_lag_events").set(measure(head.get().saturating_sub(size.get())));
    }
}

/// Starts to sign, if the log is the one that was signed before.
///
/// # Errors
/// When it is not: a database that was restored from an older copy, or changed, does not start.
pub(super) async fn start(
    settings: &Settings,
    rooms: &Rooms,
    tasks: &mut Tasks,
) -> anyhow::Result<Option<watch::Receiver<SignerStatus>>> {
    let Some(log) = rooms.log() else { return Ok(None) };
    let Checkpoints { origin, dir, .. } = &settings.checkpoints;
    let published = Published::open(dir)?;
    let signer = Signer::new(log.clone(), rooms.installation.signing_keys()?, origin.clone());
    signer.check(published.newest()?.as_ref(), rooms.clock.now()).await?;
    let (told, status) = watch::channel(SignerStatus::default());
    let (news, _) = watch::channel(None);
    outward::start(&settings.checkpoints, &news, tasks)?;
    let signing = Signing { log, signer, published, clock: rooms.clock.clone(), told, news };
    tasks.spawn_keeper("checkpoint signer", signing.run(tasks.keepers_stop_token()));
    Ok(Some(status))
}

struct Signing {
    log: EventLog,
    signer: Signer,
    published: Published,
    clock: SharedClock,
    told: watch::Sender<SignerStatus>,
    /// For those who publish elsewhere.
    news: watch::Sender<Option<SignedCheckpoint>>,
}

impl Signing {
    async fn run(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let (mut leads, mut head) = (self.log.watch_leads(), self.log.watch_head());
        let mut failing = false;
        loop {
            if !*leads.borrow() {
                self.told.send_modify(|status| status.newest = None);
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                leading = leads.wait_for(|leads| *leads) => if leading.is_err() { return Ok(()) },
            }
            head.borrow_and_update();
            let rest = match self.turn().await {
                Ok(()) => {
                    failing = false;
                    SIGN_EVERY
                }
                Err(failure) if is_refusal(&failure) => {
                    self.refuse(&failure);
                    // Somebody has to look. Everything else goes on: events are on record, and calls are judged.
                    stop.cancelled().await;
                    return Ok(());
                }
                Err(failure) => {
                    counter!("tollgate_checkpoint_failures_total").increment(1);
                    if !std::mem::replace(&mut failing, true) {
                        warn!("The log could not be signed; trying on: {failure:#}");
                    }
                    RETRY_AFTER
                }
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(rest) => {}
            }
            if !failing {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break,
                    moved = head.changed() => if moved.is_err() { break },
                }
            }
        }
        // What was recorded last is signed, too, where that is still this process's.
        if *leads.borrow()
            && let Err(failure) = self.turn().await
        {
            warn!("The last events were not signed: {failure:#}");
        }
        Ok(())
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        let published = self.published.newest()?;
        let signed = self.signer.sign(published.as_ref(), self.clock.now()).await?;
        let Some(newest) = (match signed {
            Some(signed) => Some(signed),
            None => self.log.checkpoint().await?,
        }) else {
            return Ok(());
        };
        // Signed by whoever led before, or not written the last time.
        if published.as_ref() != Some(&newest.note) {
            self.published.write(&newest)?;
        }
        let (size, at) = (newest.size, newest.signed_at);
        self.told.send_modify(|status| status.newest = Some((size, at)));
        self.news.send_if_modified(|known| known.replace(newest.clone()).as_ref() != Some(&newest));
        Ok(())
    }

    fn refuse(&self, failure: &anyhow::Error) {
        counter!("tollgate_checkpoint_failures_total").increment(1);
        error!("The log is no longer signed: {failure:#}");
        self.told.send_modify(|status| status.refused = Some(format!("{failure:#}")));
    }
}

fn is_refusal(failure: &anyhow::Error) -> bool {
    matches!(failure.downcast_ref(), Some(SignFailure::Refused(_)))
}
