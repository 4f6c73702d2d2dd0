//! The usage tables behind the usage batches.

use domain::Position;
use eventlog::usage::UsageLog;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::pace::{BATCHES_MAX, Retry, halt, report};
use crate::{ReadModel, USAGE, runner::Halt, store::Committed, usage::apply, visibility::Progress};

pub(super) async fn follow(
    model: ReadModel,
    log: UsageLog,
    progress: watch::Sender<Progress>,
    stop: CancellationToken,
) {
    let mut position = progress.borrow().position;
    let (mut head, mut retry) = (log.watch(), Retry::new(USAGE));
    metrics::gauge!("tollgate_projection_halted", "name" => USAGE).set(0.0);
    loop {
        let last = *head.borrow_and_update();
        report(USAGE, &progress, position, last);
        if last <= position.get() {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                moved = head.changed() => if moved.is_err() { return },
            }
            continue;
        }
        match step(&model, &log, position).await {
            Ok((reached, Committed::Yes)) if reached == position => {
                return halt(USAGE, &progress, &Halt::Gap { after: position, found: Position::new(last) });
            }
            Ok((reached, Committed::Yes)) => {
                retry.passed();
                position = reached;
            }
            Ok((_, Committed::Fenced)) => return halt(USAGE, &progress, &Halt::Fenced { position }),
            Err(failure) if retry.after(&*failure, &stop).await => {}
            Err(_) => return,
        }
        if stop.is_cancelled() {
            return;
        }
    }
}

async fn step(
    model: &ReadModel,
    log: &UsageLog,
    position: Position,
) -> Result<(Position, Committed), Box<dyn std::error::Error + Send + Sync>> {
    let batches = log.read(position.get(), BATCHES_MAX).await?;
    Ok(apply(model, position, &batches).await?)
}
