//! Receipts: which nodes have applied an event, and when.

use std::{collections::BTreeMap, time::Duration};

use domain::Position;
use tokio::time::{Instant, sleep_until};

use super::{GatewayNodes, NodeStanding, NodeState, Run, SILENT_AFTER};

/// Whoever lives has said so by then: heartbeats come every 500 ms.
const HEARD_WITHIN: Duration = Duration::from_millis(1_250);

/// What the nodes said of one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub position: Position,
    /// Why it is not in force everywhere, as far as is known; none where it is.
    pub unapplied: Option<Unapplied>,
    /// Those that were heard before or during the wait, by environment and name.
    pub nodes: Vec<NodeReceipt>,
}

/// Why an event is not in force on every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unapplied {
    /// No node is known: nobody judges calls, or nobody was heard.
    NoNodes,
    /// A node that lives has not applied it in time.
    TimedOut,
    /// All that live have, and one that is not heard any more may not have.
    Silent,
}

/// What one node said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeReceipt {
    pub standing: NodeStanding,
    /// How long after the wait began it was known to have applied the position; none while it is not.
    pub applied_after: Option<Duration>,
}

impl GatewayNodes {
    /// Waits until every node that lives has applied the position, for a bounded time. Nodes that leave or fall silent
    /// meanwhile are not waited for, and named.
    pub async fn applied(&self, position: Position, at_most: Duration) -> Receipt {
        let began = Instant::now();
        let (deadline, mut news) = (began + at_most, self.news.subscribe());
        let mut met: BTreeMap<Run, NodeReceipt> = BTreeMap::new();
        loop {
            news.mark_unchanged();
            let now = Instant::now();
            meet(&mut met, self.standings(), position, now.duration_since(began));
            let all_heard = self.listening_since + HEARD_WITHIN;
            if now >= deadline || (now >= all_heard && met.values().all(|one| !one.is_awaited())) {
                return receipt(position, met);
            }
            // Falling silent is no news that anyone tells.
            let look_again = if now < all_heard { all_heard } else { now + SILENT_AFTER / 8 };
            tokio::select! {
                _ = news.changed() => {}
                () = sleep_until(look_again.min(deadline)) => {}
            }
        }
    }
}

fn meet(
    met: &mut BTreeMap<Run, NodeReceipt>,
    standings: Vec<NodeStanding>,
    position: Position,
    passed: Duration,
) {
    // A run that is not told of any more has given way to another of the same node.
    met.retain(|run, _| standings.iter().any(|standing| run_of(standing) == *run));
    for standing in standings {
        let run = run_of(&standing);
        let before = met.get(&run).and_then(|one| one.applied_after);
        let applied_after = before.or_else(|| (standing.heard.position >= position).then_some(passed));
        met.insert(run, NodeReceipt { standing, applied_after });
    }
}

fn run_of(standing: &NodeStanding) -> Run {
    let heard = &standing.heard;
    (heard.environment.clone(), heard.node.clone(), heard.boot.clone())
}

impl NodeReceipt {
    /// Whether it lives and has not applied it.
    fn is_awaited(&self) -> bool {
        self.standing.state == NodeState::Live && self.applied_after.is_none()
    }
}

fn receipt(position: Position, met: BTreeMap<Run, NodeReceipt>) -> Receipt {
    let nodes: Vec<_> = met.into_values().collect();
    let missing = |state| nodes.iter().any(|one| one.standing.state == state && one.applied_after.is_none());
    let unapplied = if nodes.iter().all(|one| one.standing.state == NodeState::Left) {
        Some(Unapplied::NoNodes)
    } else if missing(NodeState::Live) {
        Some(Unapplied::TimedOut)
    } else if missing(NodeState::Silent) {
        Some(Unapplied::Silent)
    } else {
        None
    };
    Receipt { position, unapplied, nodes }
}
