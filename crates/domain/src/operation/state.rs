//! An operation as its events have made it.

use serde::{Deserialize, Serialize};

use super::{ExportMade, ExportPlan, ImportPlan, Ordered, ReplayPlan};
use super::{Item, ItemResult, OperationEvent, OperationKind, Planned, Tally};
use crate::{KeyId, Name, Reason, Timestamp};

/// An operation's state. Finished and cancelled are final.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    #[default]
    Absent,
    Planned(Run),
    Running(Run),
    Finished(Run),
    Cancelled(Run),
}

/// What is to be done, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub kind: OperationKind,
    pub items_total: u32,
    pub reason: Option<Reason>,
    pub import: Option<ImportPlan>,
    pub ordered: Ordered,
    /// Of operations on keys: one for each item.
    pub keys: Vec<KeyId>,
    /// Items that are dealt with, from the first on.
    pub done: u32,
    pub tally: Tally,
    /// The node that works on it, and when it last said so.
    pub held: Option<(Name, Timestamp)>,
    /// Of a replay: what is sent again.
    #[serde(default)]
    pub replay: Option<ReplayPlan>,
    /// The subject of the item that was dealt with last.
    #[serde(default)]
    pub last: Option<String>,
    /// What is written to a file.
    #[serde(default)]
    pub export: Option<Box<ExportPlan>>,
    /// The file, where it is whole.
    #[serde(default)]
    pub made: Option<Box<ExportMade>>,
}

impl Operation {
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        match self {
            Self::Absent => None,
            Self::Planned(run) | Self::Running(run) | Self::Finished(run) | Self::Cancelled(run) => Some(run),
        }
    }

    pub(super) fn fold(&mut self, event: &OperationEvent) {
        match event {
            OperationEvent::Planned(planned) => *self = Self::Planned(Run::planned(planned)),
            OperationEvent::KeysChosen(chosen) => {
                self.stand(Self::Planned, |run| run.keys.extend(&chosen.key_ids));
            }
            OperationEvent::Started(started) => {
                self.stand(Self::Running, |run| run.held = Some((started.node.clone(), started.at)));
            }
            OperationEvent::Progressed(progressed) => self.stand(Self::Running, |run| {
                run.held = Some((progressed.node.clone(), progressed.at));
                run.count(&progressed.items);
            }),
            OperationEvent::Finished(finished) => {
                self.stand(Self::Finished, |run| run.made.clone_from(&finished.export));
            }
            OperationEvent::Cancelled(_) => self.stand(Self::Cancelled, |_| {}),
        }
    }

    fn stand(&mut self, standing: fn(Run) -> Self, change: impl FnOnce(&mut Run)) {
        *self = match std::mem::take(self) {
            Self::Absent => Self::Absent,
            Self::Planned(mut run)
            | Self::Running(mut run)
            | Self::Finished(mut run)
            | Self::Cancelled(mut run) => {
                change(&mut run);
                standing(run)
            }
        };
    }
}

impl Run {
    fn planned(planned: &Planned) -> Self {
        let Planned { kind, items_total, reason, import, ordered, replay, export } = planned;
        Self {
            kind: *kind,
            items_total: *items_total,
            reason: reason.clone(),
            import: import.clone(),
            ordered: ordered.clone(),
            keys: vec![],
            done: 0,
            tally: Tally::default(),
            held: None,
            replay: replay.clone(),
            last: None,
            export: export.clone(),
            made: None,
        }
    }

    fn count(&mut self, items: &[Item]) {
        self.done = self.done.saturating_add(u32::try_from(items.len()).unwrap_or(u32::MAX));
        for item in items {
            self.tally.add(item.result);
        }
        if let Some(item) = items.last() {
            self.last = Some(item.subject.clone());
        }
    }
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, result: ItemResult) {
        let count = match result {
            ItemResult::Applied => &mut self.applied,
            ItemResult::Unchanged => &mut self.unchanged,
            ItemResult::Refused => &mut self.refused,
        };
        *count = count.saturating_add(1);
    }
}
