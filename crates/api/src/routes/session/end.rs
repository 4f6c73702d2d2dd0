//! `DELETE /v1/session`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use crate::{
    docs::{KnownProblems, Missing},
    guard::Door,
    problem::Problem,
    query::{NoParams, Params},
    sign_in::InSession,
};

/// Sign out
///
/// Ends the session that asks. At the identity provider the person stays signed in.
#[utoipa::path(
    delete,
    path = "/v1/session",
    operation_id = "end_session",
    tag = "access",
    responses(
        (status = 204, description = "Ended.", headers(("Set-Cookie" = String))),
        Missing, KnownProblems
    ),
    extensions(("x-tollgate-permission" = json!("none: of one's own session")))
)]
pub(crate) async fn end(
    State(door): State<Door>,
    InSession(row): InSession,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    let sign_in = &door.api().sign_in;
    sign_in.sessions.end(&row.id).await.map_err(|why| Problem::unkept(&why))?;
    tracing::info!(session.id = row.id, principal.id = row.principal_id, "Signed out");
    let mut answer = StatusCode::NO_CONTENT.into_response();
    answer.headers_mut().extend(sign_in.cookies.no_session().map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(answer)
}
