//! `GET /v1/session/start`

use axum::{Extension, extract::State, response::Response};
use serde::Deserialize;
use sign_in::{ProviderFailure, ReturnTo};
use utoipa::IntoParams;

use super::sent_on;
use crate::{
    circumstances::Circumstances,
    docs::{SignInProblems, StartProblems},
    guard::Door,
    problem::{Problem, kinds},
    query::Params,
    random::random_32,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Start {
    /// The page of the console to go on with. What is no path of ours is passed over.
    #[serde(default)]
    #[param(required = false, value_type = String, max_length = 512, example = "/")]
    return_to: Option<String>,
}

/// Begin to sign in
///
/// Sends the browser to the identity provider, which sends it back to `/v1/session/callback`.
#[utoipa::path(
    get,
    path = "/v1/session/start",
    operation_id = "start_sign_in",
    tag = "access",
    params(Start),
    responses(
        (status = 303, description = "To the identity provider.", headers(("Location" = String), ("Set-Cookie" = String))),
        StartProblems, SignInProblems
    ),
    security(()),
    extensions(("x-tollgate-permission" = json!("none: open to anybody")))
)]
pub(crate) async fn start(
    State(door): State<Door>,
    Extension(circumstances): Extension<Circumstances>,
    Params(Start { return_to }): Params<Start>,
) -> Result<Response, Problem> {
    let (sign_in, now) = (&door.api().sign_in, door.now());
    let people = sign_in.people.as_ref().ok_or_else(|| Problem::new(kinds::SIGN_IN_NOT_SET))?;
    sign_in.failures.check_address(circumstances.address, now).map_err(Problem::too_many_failures)?;
    let return_to = return_to.as_deref().and_then(ReturnTo::parse).unwrap_or_else(ReturnTo::home);
    let begun = people.flow.begin(random_32(door.random()), &return_to, now).await;
    let begun = begun.map_err(|failure| unasked(&failure))?;
    Ok(sent_on(&begun.location, [sign_in.cookies.begun(&begun.cookie)]))
}

/// The provider is away, or is not what the settings say.
fn unasked(failure: &ProviderFailure) -> Problem {
    let cause: &dyn std::error::Error = failure;
    tracing::warn!(error = cause, "Cannot send anybody to the identity provider");
    Problem::unavailable()
}
