//! `DELETE /v1/session`

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::observation::{ObservationEvent, SignedOut};
use http::{StatusCode, header};

use crate::{
    circumstances::Circumstances,
    docs::{KnownProblems, Missing},
    guard::Door,
    observe::Doer,
    problem::Problem,
    query::{NoParams, Params},
    sign_in::InSession,
};

/// Sign out
///
/// Ends the session that asks. At the identity provider the person stays signed in until the browser goes to the session's
/// `provider_sign_out`, too.
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
    Extension(circumstances): Extension<Circumstances>,
    InSession(row): InSession,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    let sign_in = &door.api().sign_in;
    sign_in.sessions.end(&row.id).await.map_err(|why| Problem::unkept(&why))?;
    let (principal_id, session_id) = (row.principal_id.clone(), row.id.clone());
    let signed_out = ObservationEvent::SignedOut(SignedOut { principal_id, session_id });
    door.api().observe_done(Doer::person(row.principal_id.clone()), signed_out, &circumstances).await;
    tracing::info!(session.id = row.id, principal.id = row.principal_id, "Signed out");
    let mut answer = StatusCode::NO_CONTENT.into_response();
    answer.headers_mut().extend(sign_in.cookies.no_session().map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(answer)
}
