//! `DELETE /v1/sessions/{id}`

use axum::{
    Extension,
    extract::{Path, State, rejection::PathRejection},
};
use domain::{
    access::Permission,
    observation::{ObservationEvent, SignedOut},
};
use http::StatusCode;

use super::may_others;
use crate::{
    circumstances::Circumstances,
    docs::{KnownProblems, Missing},
    guard::{Authenticated, Door},
    observe::Doer,
    problem::{Problem, kinds},
    query::{NoParams, Params},
};

/// End a session
///
/// One's own, or with `principal.disable` over everything that of anybody. In this process at once, in others after
/// five seconds at most.
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}",
    operation_id = "end_other_session",
    tag = "access",
    params(("id" = String, Path, pattern = "^ses_[0-9a-hjkmnp-tv-z]{26}$", example = "ses_01jx3v6k9q8z7m5n4p3r2s1t0v")),
    responses((status = 204, description = "Ended."), Missing, KnownProblems),
    extensions(("x-tollgate-permission" = json!("none: of one's own sessions; with principal.disable over everything those of others")))
)]
pub(crate) async fn end(
    State(door): State<Door>,
    Extension(circumstances): Extension<Circumstances>,
    Authenticated(principal): Authenticated,
    _: Params<NoParams>,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let missing = || Problem::new(kinds::SESSION_NOT_FOUND);
    let Path(id) = id.map_err(|_| missing())?;
    let sessions = &door.api().sign_in.sessions;
    let row = sessions.store().get(&id).await.map_err(|why| Problem::unkept(&why))?.ok_or_else(missing)?;
    // Of a session that one may not end, one is not told either.
    if row.principal_id != principal.id && !may_others(&principal, Permission::PrincipalDisable, door.now()) {
        door.api().observer.denied(&principal, Permission::PrincipalDisable, &circumstances, door.now());
        return Err(missing());
    }
    sessions.end(&id).await.map_err(|why| Problem::unkept(&why))?;
    let allowed_by =
        if row.principal_id == principal.id { "own" } else { Permission::PrincipalDisable.as_str() };
    let (principal_id, session_id) = (row.principal_id.clone(), id.clone());
    let signed_out = ObservationEvent::SignedOut(SignedOut { principal_id, session_id });
    door.api().observe_done(Doer::known(&principal, allowed_by), signed_out, &circumstances).await;
    tracing::info!(session.id = id, principal.id = row.principal_id, actor = principal.id, "Ended a session");
    Ok(StatusCode::NO_CONTENT)
}
