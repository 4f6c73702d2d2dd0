//! `GET /v1/gateway/nodes`

use axum::Json;
use domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    docs::{FoundPlain, ReadProblems},
    guard::{Allowed, needs::GatewayRead},
    nodes::NodeStanding,
    query::{NoParams, Params},
    receipt::StateView,
};

/// The nodes that this instance has heard of late.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayNodes)]
pub(crate) struct Nodes {
    /// By environment and name; at most 1,000.
    items: Vec<NodeView>,
    /// The last position of the log.
    head: u64,
}

/// A node that judges calls, or did.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GatewayNode)]
pub(crate) struct NodeView {
    #[schema(example = "gateway-1")]
    node: String,
    #[schema(example = "prod")]
    environment: String,
    /// Names the run of the node.
    boot: String,
    state: StateView,
    /// The last event that is in force there.
    position: u64,
    /// How many events it does not have yet.
    lag_events: u64,
    /// For how long it has not had all; 0 where it has.
    lag_seconds: f64,
    /// Whether it says that its configuration is too old.
    stale: bool,
    heard_at: Timestamp,
}

/// List the gateway's nodes
///
/// As this instance has heard them: one that was cut off before the instance began is not known to it.
#[utoipa::path(
    get,
    path = "/v1/gateway/nodes",
    operation_id = "list_gateway_nodes",
    tag = "gateway",
    responses(FoundPlain<Nodes>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("gateway.read")))
)]
pub(crate) async fn list(allowed: Allowed<GatewayRead>, _: Params<NoParams>) -> Json<Nodes> {
    let head = allowed.head().get();
    let items = allowed.door().nodes().standings().into_iter().map(|one| NodeView::of(one, head)).collect();
    Json(Nodes { items, head })
}

impl NodeView {
    fn of(standing: NodeStanding, head: u64) -> Self {
        let NodeStanding { heard, heard_at, state, since_caught_up } = standing;
        let lag_events = head.saturating_sub(heard.position.get());
        Self {
            node: heard.node,
            environment: heard.environment.to_string(),
            boot: heard.boot,
            state: state.into(),
            position: heard.position.get(),
            lag_events,
            lag_seconds: if lag_events == 0 { 0.0 } else { since_caught_up.as_secs_f64() },
            stale: heard.stale,
            heard_at,
        }
    }
}
