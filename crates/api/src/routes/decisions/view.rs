//! What is shown of a decision.

use domain::{
    ClientId, Environment, KeyId, Position, RouteId, Timestamp,
    decision::{LimitStatus, Outcome, RefusalReason},
    ids::DecisionId,
    usage::{DecisionRecord, DecisionsLeftOut},
};
use projections::queries::decisions::DecisionRow;
use schemars::JsonSchema;
use serde::Serialize;

use crate::attribution::EventRef;

/// A decision as it was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DecisionView {
    pub(crate) id: DecisionId,
    pub(crate) at: Timestamp,
    /// The gateway that took it.
    pub(crate) node: String,
    pub(crate) environment: Environment,
    pub(crate) outcome: Outcome,
    /// Null of an allowed call.
    pub(crate) reason: Option<RefusalReason>,
    /// Like the next two: null where the secret was not genuine.
    pub(crate) client_id: Option<ClientId>,
    pub(crate) key_id: Option<KeyId>,
    pub(crate) secret_version: Option<u32>,
    /// Null where the call did not come as far as its route, or none matched.
    pub(crate) route_id: Option<RouteId>,
    pub(crate) method: String,
    /// The network that the call came from, where that is known: never the whole address.
    pub(crate) network: Option<String>,
    /// Every limit that was looked at, as the decision left it.
    pub(crate) limits: Vec<LimitStatus>,
    pub(crate) retry_after_seconds: Option<u64>,
    /// How much of the log it rested on.
    pub(crate) position: Position,
    /// Whether the configuration was older than allowed.
    pub(crate) stale: bool,
}

impl From<DecisionRow> for DecisionView {
    fn from(DecisionRow { record, node }: DecisionRow) -> Self {
        let DecisionRecord { id, at, environment, outcome, reason, client_id, key_id, .. } = record;
        let DecisionRecord { secret_version, route_id, method, network, limits, .. } = record;
        let DecisionRecord { retry_after_seconds, position, stale, .. } = record;
        Self {
            id,
            at,
            node,
            environment,
            outcome,
            reason,
            client_id,
            key_id,
            secret_version,
            route_id,
            method,
            network: network.map(|network| network.to_string()),
            limits,
            retry_after_seconds,
            position,
            stale,
        }
    }
}

/// A decision, and who set what it rested on.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ExplainedDecision {
    #[serde(flatten)]
    pub(crate) decision: DecisionView,
    /// The events that had set the limits' assignments and their policies' revisions, and the cause of a refusal.
    pub(crate) events: Vec<EventRef>,
}

/// A page of decisions.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DecisionPage {
    pub(crate) items: Vec<DecisionView>,
    /// Give it as `cursor` for the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// How many decisions of that time, whatever else is asked for, were too many at once to be kept.
    pub(crate) left_out: DecisionsLeftOut,
}
