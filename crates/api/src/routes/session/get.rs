//! `GET /v1/session`

use axum::{Json, extract::State};

use super::view::SessionView;
use crate::{
    docs::{FoundPlain, KnownProblems, Missing},
    guard::Door,
    problem::Problem,
    query::{NoParams, Params},
    sign_in::InSession,
};

/// Show the session that asks
#[utoipa::path(
    get,
    path = "/v1/session",
    operation_id = "get_session",
    tag = "access",
    responses(FoundPlain<SessionView>, Missing, KnownProblems),
    extensions(("x-tollgate-permission" = json!("none: of one's own session")))
)]
pub(crate) async fn get(
    State(door): State<Door>,
    InSession(row): InSession,
    _: Params<NoParams>,
) -> Result<Json<SessionView>, Problem> {
    let (id, sign_in) = (row.id.clone(), &door.api().sign_in);
    let flow = sign_in.people.as_ref().map(|people| &people.flow);
    let sign_out = match flow.filter(|flow| flow.issuer() == row.issuer) {
        Some(flow) => flow.sign_out(door.now()).await,
        None => None,
    };
    Ok(Json(SessionView::of(row, sign_in.sessions.limits(), Some(&id)).signing_out_at(sign_out)))
}
