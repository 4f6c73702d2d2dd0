//! The gateway's nodes as this process hears of them: who judges calls, and how far each has come.
//!
//! What is not heard is not known: a node that was cut off before this process began is missing here. See ADR 0021.

mod receipt;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{Environment, Position, Timestamp};
use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

pub use receipt::{NodeReceipt, Receipt, Unapplied};

/// A node that was not heard for so long is silent: it has missed three of its heartbeats, which come every 500 ms.
const SILENT_AFTER: Duration = Duration::from_secs(2);
/// A silent node may still judge calls by what it knows, so it is remembered for long.
const SILENT_KEPT: Duration = Duration::from_secs(60 * 60);
/// One that said that it stops judges none.
const LEFT_KEPT: Duration = Duration::from_secs(60);
/// Nodes that are told apart; an abuser of the bus fills no memory.
const NODES_MAX: usize = 1_000;

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub environment: Environment,
    /// Stable over restarts.
    pub node: String,
    /// Names this run of it.
    pub boot: String,
    /// The last event that is in force there.
    pub position: Position,
    /// Whether it judges by a configuration that is too old.
    pub stale: bool,
    /// It is the last: the node stops.
    pub leaving: bool,
}

/// Whether a node judges calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    Live,
    /// Not heard any more: ended without a word, or cut off and judging by what it knows.
    Silent,
    /// Ended, and said so.
    Left,
}

/// A node as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStanding {
    pub heard: Heard,
    pub heard_at: Timestamp,
    pub state: NodeState,
    /// How long ago it had all that the log had, at the latest; since it was first heard, if never.
    pub since_caught_up: Duration,
}

type Run = (Environment, String, String);

/// Cheap to clone; all clones hear what one is told.
#[derive(Clone, Debug)]
pub struct GatewayNodes {
    known: Arc<Mutex<BTreeMap<Run, Known>>>,
    news: watch::Sender<()>,
    listening_since: Instant,
}

#[derive(Clone, Debug)]
struct Known {
    heard: Heard,
    heard_at: Timestamp,
    last: Instant,
    caught_up: Instant,
}

impl GatewayNodes {
    /// Knows nobody yet.
    #[must_use]
    pub fn listening() -> Self {
        let (known, news) = (Arc::default(), watch::Sender::new(()));
        Self { known, news, listening_since: Instant::now() }
    }

    /// Takes over what a node says of itself. `head` is where the log ends.
    pub fn hear(&self, heard: Heard, at: Timestamp, head: Position) {
        let now = Instant::now();
        let mut known = self.known.lock();
        let run = (heard.environment.clone(), heard.node.clone(), heard.boot.clone());
        let before = known.get(&run);
        if before.is_none() && (heard.leaving || known.len() >= NODES_MAX) {
            return;
        }
        let caught_up = match before {
            Some(before) if heard.position < head => before.caught_up,
            Some(_) | None => now,
        };
        // Reports may overtake each other on their way.
        let position = before.map_or(heard.position, |before| before.heard.position.max(heard.position));
        known.insert(run, Known { heard: Heard { position, ..heard }, heard_at: at, last: now, caught_up });
        known.retain(|_, known| known.is_worth_knowing(now));
        drop(known);
        self.news.send_replace(());
    }

    /// Every node, by environment and name.
    #[must_use]
    pub fn standings(&self) -> Vec<NodeStanding> {
        let now = Instant::now();
        let known = self.known.lock();
        let superseded = |one: &Known| {
            let newer = |other: &Known| {
                other.is_run_of(one) && other.last > one.last && other.state(now) == NodeState::Live
            };
            one.state(now) != NodeState::Live && known.values().any(newer)
        };
        let shown = known.values().filter(|one| one.is_worth_knowing(now) && !superseded(one));
        shown.map(|one| one.standing(now)).collect()
    }
}

impl Known {
    fn state(&self, now: Instant) -> NodeState {
        if self.heard.leaving {
            NodeState::Left
        } else if now.duration_since(self.last) >= SILENT_AFTER {
            NodeState::Silent
        } else {
            NodeState::Live
        }
    }

    fn is_worth_knowing(&self, now: Instant) -> bool {
        let kept = if self.heard.leaving { LEFT_KEPT } else { SILENT_KEPT };
        now.duration_since(self.last) < kept
    }

    /// Of the same node, in the same run or another.
    fn is_run_of(&self, other: &Self) -> bool {
        (&self.heard.environment, &self.heard.node) == (&other.heard.environment, &other.heard.node)
    }

    fn standing(&self, now: Instant) -> NodeStanding {
        let Self { heard, heard_at, last: _, caught_up } = self.clone();
        let since_caught_up = now.duration_since(caught_up);
        NodeStanding { heard, heard_at, state: self.state(now), since_caught_up }
    }
}
