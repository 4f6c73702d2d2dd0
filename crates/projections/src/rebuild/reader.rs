//! Reads ahead in a task of its own: a server that reads and one that writes are two.

use domain::Position;
use eventlog::{EventLog, LogFailure, Stretch, Wanted};
use tokio::{sync::mpsc, task::JoinSet};

/// Stretches that wait to be folded, beside the one that is read.
const AHEAD: usize = 2;

/// The stretches up to a position, in order. Ends with us.
pub(super) struct Reads {
    stretches: mpsc::Receiver<Result<Stretch, LogFailure>>,
    _reader: JoinSet<()>,
}

pub(super) fn start(log: &EventLog, wanted: Wanted, until: Position, events_max: usize) -> Reads {
    let (sender, stretches) = mpsc::channel(AHEAD);
    let (mut reader, log) = (JoinSet::new(), log.clone());
    reader.spawn(async move { read(&log, &wanted, until, events_max, &sender).await });
    Reads { stretches, _reader: reader }
}

impl Reads {
    /// None where the log ends before its head.
    pub(super) async fn next(&mut self) -> Option<Result<Stretch, LogFailure>> {
        self.stretches.recv().await
    }
}

async fn read(
    log: &EventLog,
    wanted: &Wanted,
    until: Position,
    events_max: usize,
    stretches: &mpsc::Sender<Result<Stretch, LogFailure>>,
) {
    let many = u64::try_from(events_max).unwrap_or(u64::MAX);
    let mut after = Position::START;
    while after < until {
        let next = Position::new(after.get().saturating_add(many).min(until.get()));
        let read = log.stretch(after, next, wanted).await;
        let reached = read.as_ref().ok().map(Stretch::until);
        if reached == Some(after) || stretches.send(read).await.is_err() {
            return;
        }
        let Some(reached) = reached else { return };
        after = reached;
    }
}
