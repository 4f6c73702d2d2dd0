//! A receipt as it is shown beside what a write answers.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::nodes::{NodeReceipt, NodeState, Receipt, Unapplied};

/// Whether the write is in force on every gateway node.
pub(crate) const APPLIED: HeaderName = HeaderName::from_static("tollgate-applied");

/// Which gateway nodes have applied a write, as far as this instance has heard.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receipt)]
pub(crate) struct ReceiptView {
    /// The position that was waited for; null where the write has none yet.
    position: Option<u64>,
    /// Whether every node has applied it that is not known to have ended; `false` where no node is known.
    applied: bool,
    /// Null where it is applied.
    reason: Option<ReasonView>,
    /// Those that were heard before or during the wait.
    nodes: Vec<NodeReceiptView>,
}

/// Why a write is not in force on every node.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = UnappliedReason)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReasonView {
    /// No node is known.
    NoNodes,
    /// A node that lives has not applied it in time.
    TimedOut,
    /// One that is not heard any more may not have applied it: it has ended, or judges by what it knows.
    Silent,
    /// The write is on record and has no position yet.
    NotSequenced,
}

/// What one node said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NodeReceipt)]
pub(crate) struct NodeReceiptView {
    node: String,
    environment: String,
    /// Names the run of the node.
    boot: String,
    state: StateView,
    /// The last that it is known to have applied.
    position: u64,
    /// How long after the write was on record it was known to have applied it; null while it is not.
    applied_ms: Option<u64>,
}

/// Whether a node judges calls: `live`, `silent` (not heard for two seconds), or `left` (it said so).
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = NodeState)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateView {
    Live,
    Silent,
    Left,
}

impl From<NodeState> for StateView {
    fn from(state: NodeState) -> Self {
        match state {
            NodeState::Live => Self::Live,
            NodeState::Silent => Self::Silent,
            NodeState::Left => Self::Left,
        }
    }
}

impl From<Receipt> for ReceiptView {
    fn from(Receipt { position, unapplied, nodes }: Receipt) -> Self {
        let reason = unapplied.map(|why| match why {
            Unapplied::NoNodes => ReasonView::NoNodes,
            Unapplied::TimedOut => ReasonView::TimedOut,
            Unapplied::Silent => ReasonView::Silent,
        });
        let nodes = nodes.into_iter().map(NodeReceiptView::from).collect();
        Self { position: Some(position.get()), applied: reason.is_none(), reason, nodes }
    }
}

impl From<NodeReceipt> for NodeReceiptView {
    fn from(NodeReceipt { standing, applied_after }: NodeReceipt) -> Self {
        let heard = standing.heard;
        Self {
            node: heard.node,
            environment: heard.environment.to_string(),
            boot: heard.boot,
            state: standing.state.into(),
            position: heard.position.get(),
            applied_ms: applied_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

impl ReceiptView {
    /// There is nothing to wait for yet.
    pub(crate) fn without_position() -> Self {
        Self { position: None, applied: false, reason: Some(ReasonView::NotSequenced), nodes: vec![] }
    }
}

/// A body with the receipt beside its own members.
#[derive(Debug, Serialize)]
struct Receipted<B> {
    #[serde(flatten)]
    body: B,
    receipt: ReceiptView,
}

/// What an answer has beside its own members where the caller has waited for the gateways.
#[derive(ToSchema)]
#[schema(as = Receipted)]
#[expect(dead_code, reason = "documents what `Receipted` writes")]
pub(crate) struct ReceiptedBody {
    /// Absent unless `wait=applied` was asked for.
    #[schema(required = false)]
    receipt: ReceiptView,
}

/// The answer as it stands, or with a receipt where the caller has waited for one.
pub(crate) fn receipted(status: StatusCode, body: impl Serialize, receipt: Option<ReceiptView>) -> Response {
    let Some(receipt) = receipt else { return (status, Json(body)).into_response() };
    let applied = HeaderValue::from_static(if receipt.applied { "true" } else { "false" });
    let mut response = (status, Json(Receipted { body, receipt })).into_response();
    response.headers_mut().insert(APPLIED, applied);
    response
}
