//! The usage tables behind the usage batches.

use std::sync::Arc;

use domain::Position;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    begin,
    pace::{BATCHES_MAX, Retry, halt, report},
    turns::{End, Turn},
};
use crate::{
    ReadModel, USAGE, UsageSource,
    runner::Halt,
    store::Committed,
    usage::{OWNER, apply},
    visibility::Progress,
};

pub(super) struct UsageFollower {
    pub(super) model: ReadModel,
    pub(super) source: Arc<dyn UsageSource>,
    pub(super) process: Arc<str>,
    pub(super) progress: watch::Sender<Progress>,
}

impl Turn for UsageFollower {
    fn name(&self) -> &'static str {
        USAGE
    }

    fn progress(&self) -> &watch::Sender<Progress> {
        &self.progress
    }

    async fn go_on(&mut self, stop: &CancellationToken) -> End {
        let mut retry = Retry::new(USAGE);
        let mut position = loop {
            match begin::usage(&self.model, &*self.source, &self.process).await {
                Ok(checkpoint) => break checkpoint.position,
                Err(failure) if retry.after(&failure, stop).await => {}
                Err(_) => return End::Stop,
            }
        };
        let mut head = self.source.watch();
        loop {
            let last = *head.borrow_and_update();
            report(USAGE, &self.progress, position, last);
            if last <= position.get() {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return End::Stop,
                    moved = head.changed() => if moved.is_err() { return End::Stop },
                }
                continue;
            }
            match self.step(position).await {
                Ok((reached, Committed::Yes)) if reached == position => {
                    let why = Halt::Gap { after: position, found: Position::new(last) };
                    halt(&self.model, OWNER, &self.progress, &why, stop).await;
                    return End::Stop;
                }
                Ok((reached, Committed::Yes)) => {
                    retry.passed();
                    position = reached;
                }
                Ok((_, Committed::Fenced)) => return End::Fenced,
                Err(failure) if retry.after(&*failure, stop).await => {}
                Err(_) => return End::Stop,
            }
            if stop.is_cancelled() {
                return End::Stop;
            }
        }
    }
}

impl UsageFollower {
    async fn step(
        &self,
        position: Position,
    ) -> Result<(Position, Committed), Box<dyn std::error::Error + Send + Sync>> {
        let batches = self.source.read(position.get(), BATCHES_MAX).await?;
        Ok(apply(&self.model, position, &batches).await?)
    }
}
