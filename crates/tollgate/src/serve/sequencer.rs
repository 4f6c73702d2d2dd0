//! The role `sequencer`: positions for events, and whoever gives them also publishes them.

use std::time::Duration;

use eventlog::{
    EventLog,
    bus::{
        Bus,
        publish::{Publisher, PublisherState, PublisherStatus},
    },
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::rooms::{Rooms, Store};
use crate::runtime::Tasks;

const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Starts both; answers how the publisher is where there is a bus.
pub(super) fn start(rooms: &Rooms, tasks: &mut Tasks) -> Option<watch::Receiver<PublisherStatus>> {
    let Some(Store { log, .. }) = &rooms.store else { return None };
    let (sequencer, stop) = (log.clone(), tasks.keepers_stop_token());
    tasks.spawn_keeper("sequencer", async move {
        sequencer.run_sequencer(stop).await;
        Ok(())
    });
    let bus = rooms.bus.clone()?;
    let (told, status) = watch::channel(PublisherStatus::default());
    tasks.spawn_keeper("publisher", publish(log.clone(), bus, told, tasks.keepers_stop_token()));
    Some(status)
}

/// Publishes while this process gives the positions. Two publishers at once would do no harm, and no good.
async fn publish(
    log: EventLog,
    bus: Bus,
    told: watch::Sender<PublisherStatus>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut leads = log.watch_leads();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            leading = leads.wait_for(|leads| *leads) => if leading.is_err() { return Ok(()) },
        }
        let turn = stop.child_token();
        let publisher = Publisher::new(log.clone(), bus.clone());
        let mut status = publisher.status();
        let mut running = std::pin::pin!(publisher.run(turn.clone()));
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut running => break ended,
                Ok(()) = status.changed() => drop(told.send_replace(status.borrow_and_update().clone())),
                // What is on its way is finished.
                _ = leads.wait_for(|leads| !*leads), if !turn.is_cancelled() => turn.cancel(),
            }
        };
        told.send_replace(PublisherStatus::default());
        if let Err(failure) = ended {
            // Told already. The log goes on: gateways and projections keep what they have, and an operator has to look.
            let why = format!("{:#}", anyhow::Error::new(failure));
            told.send_modify(|status| status.state = PublisherState::Stopped { why });
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                // Until it is looked after: a stream that was removed is made anew.
                () = tokio::time::sleep(LOOK_AGAIN_AFTER) => {}
            }
        }
    }
}
