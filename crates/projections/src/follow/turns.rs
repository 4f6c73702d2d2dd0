//! Of several processes one moves a projection; the others stand by and take over when it is gone.

#[cfg(test)]
mod tests;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    store::{Lead, STAND_BACK},
    visibility::Progress,
};

/// Why a turn has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Told to stop, or the source has.
    Stop,
    /// Someone else moves the checkpoint.
    Fenced,
}

/// What a process does while it is its turn. Dropped wherever it waits when the turn is lost: it finds where things
/// stand when it begins, and whatever it was writing is either whole, and then seen, or not there.
pub(super) trait Turn: Send {
    fn name(&self) -> &'static str;

    fn progress(&self) -> &watch::Sender<Progress>;

    fn go_on(&mut self, stop: &CancellationToken) -> impl Future<Output = End> + Send;
}

/// Takes turns until told to stop.
pub(super) async fn take_turns(mut turn: impl Turn, mut lead: Lead, stop: CancellationToken) {
    let name = turn.name();
    while gained(name, &mut lead, turn.progress(), &stop).await {
        let end = tokio::select! {
            biased;
            end = turn.go_on(&stop) => Some(end),
            () = lead.lost() => None,
        };
        stand_by(turn.progress());
        metrics::gauge!("tollgate_projection_active", "name" => name).set(0.0);
        lead.release().await;
        match end {
            Some(End::Stop) => return,
            Some(End::Fenced) => {
                warn!(projection.name = name, "Someone else moves the projection `{name}`; standing back");
            }
            None => warn!(projection.name = name, "The lock of the projection `{name}` is lost"),
        }
        metrics::counter!("tollgate_projection_turns_lost_total", "name" => name).increment(1);
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(STAND_BACK) => {}
        }
    }
}

/// From now on the checkpoint is looked up, for another process may move it.
fn stand_by(progress: &watch::Sender<Progress>) {
    progress.send_modify(|progress| (progress.active, progress.looked_up) = (false, true));
}

/// Waits for the turn, trying every second; false when told to stop.
async fn gained(
    name: &'static str,
    lead: &mut Lead,
    progress: &watch::Sender<Progress>,
    stop: &CancellationToken,
) -> bool {
    let mut told = false;
    loop {
        let taken = tokio::select! {
            biased;
            () = stop.cancelled() => return false,
            taken = async { lead.turn().await; lead.take().await } => taken,
        };
        match taken {
            Ok(true) => {
                info!(projection.name = name, "Moving the projection `{name}` from here");
                return true;
            }
            Ok(false) => told = false,
            Err(failure) => {
                let failure: &(dyn std::error::Error + 'static) = &failure;
                // Told once.
                if !std::mem::replace(&mut told, true) {
                    warn!(
                        projection.name = name,
                        error = failure,
                        "The lock of the projection `{name}` cannot be asked for; it is tried again"
                    );
                }
            }
        }
        stand_by(progress);
    }
}
