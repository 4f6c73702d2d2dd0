//! One projection that is made again: its rows kept warm from batch to batch, each batch written while the next is
//! folded.

use domain::Position;
use eventlog::{Events, Stretch};
use tokio::task::JoinSet;

use super::{RebuildFailure, Sources, get_past, halted};
use crate::{
    Projection, ReadModel, Rows, Untaken, WriteFailure,
    runner::Halt,
    skip::Skips,
    store::{Checkpoint, Committed, Owner, Remaking},
};

/// Some 300 MB of rows; more are forgotten, and loaded when they are needed.
const ROWS_MAX: usize = 300_000;

pub(super) struct Remade {
    pub(super) projection: &'static dyn Projection,
    /// What is written, or is being written.
    checkpoint: Checkpoint,
    /// What the rows have.
    folded: Checkpoint,
    rows: Rows,
    /// At most one batch. Ends with us, and then leaves nothing.
    writing: JoinSet<Result<Committed, WriteFailure>>,
}

impl Remade {
    /// One whose tables were emptied.
    pub(super) fn new(projection: &'static dyn Projection, model: &ReadModel) -> Self {
        let version = Owner::of(projection).version;
        let checkpoint = Checkpoint { version, ..Checkpoint::default() };
        let (folded, rows, writing) =
            (checkpoint.clone(), Rows::of_nothing(model.is_shared()), JoinSet::new());
        Self { projection, checkpoint, folded, rows, writing }
    }

    /// As far as it is written, once all that was folded is.
    pub(super) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Someone has moved it on.
    pub(super) fn stands_at(&mut self, checkpoint: Checkpoint) {
        self.folded = checkpoint.clone();
        self.checkpoint = checkpoint;
    }

    /// Folds the events of a stretch that begins where it stands. A row that changes often is written when there are
    /// many, and then once. The write goes on while the next stretch is folded.
    pub(super) async fn take(
        &mut self,
        sources: &Sources<'_>,
        stretch: &Stretch,
        events: &Events<'_>,
        skips: &mut Skips,
    ) -> Result<(), RebuildFailure> {
        self.warm(sources.model, events).await?;
        for event in events.iter().filter(|event| self.projection.takes(event.aggregate_type())) {
            let Err(untaken) = self.projection.replay(&mut self.rows, event) else { continue };
            self.has_folded(stretch, before(event.position()));
            self.finish(sources.model).await?;
            let (position, event_type) = (event.position(), event.event_type().to_owned());
            match untaken {
                Untaken::Poison(poison) => {
                    let halt = Halt::Poison { position, event_type, poison };
                    get_past(sources, self, &halt, skips).await?;
                }
                Untaken::Undecodable(failure) => get_past(sources, self, &failure, skips).await?,
            }
        }
        self.has_folded(stretch, stretch.until());
        if self.rows.are_due(sources.rows_max) {
            self.write(sources.model).await?;
            self.rows.forget_above(ROWS_MAX);
        }
        Ok(())
    }

    fn has_folded(&mut self, stretch: &Stretch, until: Position) {
        if let Some(leaf) = stretch.leaf(until).filter(|_| until > self.folded.position) {
            let version = self.folded.version;
            self.folded = Checkpoint { version, position: until, leaf: hex::encode(leaf) };
        }
    }

    /// Writes everything that was folded.
    pub(super) async fn finish(&mut self, model: &ReadModel) -> Result<(), RebuildFailure> {
        if self.folded.position > self.checkpoint.position {
            self.write(model).await?;
        }
        self.written().await
    }

    /// Loads what these events need and is not warm; after the last batch is written, which it may be in.
    async fn warm(&mut self, model: &ReadModel, events: &Events<'_>) -> Result<(), RebuildFailure> {
        if self.rows.are_whole() {
            return Ok(());
        }
        let taken = events.iter().filter(|event| self.projection.takes(event.aggregate_type()));
        // One that cannot be decoded is found out when it is folded.
        let keys = taken.filter_map(|event| event.recorded().ok());
        let missing = self.rows.missing(keys.flat_map(|recorded| self.projection.keys(&recorded)));
        if !missing.is_empty() {
            self.written().await?;
            self.rows.load_all(model.load(Owner::of(self.projection), missing).await?);
        }
        Ok(())
    }

    async fn write(&mut self, model: &ReadModel) -> Result<(), RebuildFailure> {
        let (owner, tables) = (Owner::of(self.projection), self.rows.write());
        self.written().await?;
        let from = std::mem::replace(&mut self.checkpoint, self.folded.clone()).position;
        let (model, remaking) = (model.clone(), Remaking { owner, from, to: self.folded.clone(), tables });
        if model.is_shared() {
            self.writing.spawn(async move { model.remake(remaking).await });
            return Ok(());
        }
        // The embedded engine's writer is no task that ends with us: it would go on behind our back.
        self.check(model.remake(remaking).await?)
    }

    /// Waits for the write that goes on.
    async fn written(&mut self) -> Result<(), RebuildFailure> {
        let failed = |source: tokio::task::JoinError| WriteFailure {
            projection: self.projection.name(),
            doing: "writing a batch",
            source: source.into(),
        };
        match self.writing.join_next().await.transpose().map_err(failed)?.transpose()? {
            Some(committed) => self.check(committed),
            None => Ok(()),
        }
    }

    fn check(&self, committed: Committed) -> Result<(), RebuildFailure> {
        let position = self.checkpoint.position;
        match committed {
            Committed::Yes => Ok(()),
            Committed::Fenced => Err(halted(self.projection.name(), &Halt::Fenced { position })),
        }
    }
}

fn before(position: Position) -> Position {
    Position::new(position.get().saturating_sub(1))
}
