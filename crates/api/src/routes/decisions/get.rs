//! `GET /v1/decisions/{id}`

use axum::Json;
use domain::ids::DecisionId;
use projections::queries::decisions;

use super::view::{DecisionView, ExplainedDecision};
use crate::{
    attribution::{Events, Parties},
    docs::{DecisionPath, FoundPlain, Missing, ReadProblems, form},
    facts::read_within,
    guard::{Allowed, needs::DecisionRead},
    path::{Id, Named},
    problem::{Problem, kinds},
    query::{NoParams, Params},
};

/// Show a decision
///
/// Refusals are kept for some days, of allowed calls a sample: both by settings of the gateways.
#[utoipa::path(
    get,
    path = "/v1/decisions/{id}",
    operation_id = "get_decision",
    tag = "gateway",
    params(DecisionPath),
    responses(FoundPlain<form::ExplainedDecision>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("decision.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<DecisionRead>,
    Id(id): Id<DecisionId>,
    _: Params<NoParams>,
) -> Result<Json<ExplainedDecision>, Problem> {
    let row = decisions::get(allowed.read(), id).await.map_err(|failure| Problem::unread(&failure))?;
    let decision = DecisionView::from(row.ok_or_else(DecisionId::missing)?);
    let DecisionView { client_id, key_id, route_id, .. } = decision;
    let facts = read_within(allowed.read(), client_id, decision.environment.as_str()).await;
    allowed.reveals(&facts.map_err(|failure| Problem::unread(&failure))?, DecisionId::missing)?;
    let events = Events::until(&allowed, decision.position).of_limits(&decision.limits).await?;
    let events = events.of_refusal(decision.reason, Parties { client_id, key_id, route_id }).await?.found();
    Ok(Json(ExplainedDecision { decision, events }))
}

impl Named for DecisionId {
    fn missing() -> Problem {
        Problem::new(kinds::DECISION_NOT_FOUND)
    }
}
