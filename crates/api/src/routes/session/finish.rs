//! `GET /v1/session/callback`

use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use domain::{
    PrincipalId,
    observation::{ObservationEvent, SignInWay, SignedIn},
};
use http::HeaderMap;
use sign_in::{Callback, Finished, NewSession, SessionSecret, SignInRefusal};

use super::sent_on;
use crate::{
    circumstances::Circumstances,
    docs::SignInProblems,
    guard::Door,
    observe::Doer,
    problem::{Problem, kinds},
    random::{random_32, token_id},
    sign_in::{People, admit},
};

/// Where the console says that nobody was signed in. Why, the log of the process says by the request's identifier.
const REFUSED: &str = "/?sign_in=refused";

/// End a sign-in
///
/// Where the identity provider sends the browser. Whatever was wrong, the answer is the same: the browser goes to the
/// console without a session.
#[utoipa::path(
    get,
    path = "/v1/session/callback",
    operation_id = "finish_sign_in",
    tag = "access",
    params(
        ("code" = Option<String>, Query, description = "What the provider lets us have its token for."),
        ("state" = Option<String>, Query, description = "What this browser has begun."),
        ("iss" = Option<String>, Query, description = "The provider, where it names itself."),
        ("error" = Option<String>, Query, description = "Why the provider did not let the person in."),
    ),
    responses(
        (status = 303, description = "To the console, with a session or without.", headers(("Location" = String), ("Set-Cookie" = String))),
        SignInProblems
    ),
    security(()),
    extensions(("x-tollgate-permission" = json!("none: open to anybody")))
)]
pub(crate) async fn finish(
    State(door): State<Door>,
    Extension(circumstances): Extension<Circumstances>,
    headers: HeaderMap,
    // A provider may say more than we ask for. What cannot be read at all is no answer to anything.
    callback: Result<Query<Callback>, QueryRejection>,
) -> Result<Response, Problem> {
    let (sign_in, now) = (&door.api().sign_in, door.now());
    let people = sign_in.people.as_ref().ok_or_else(|| Problem::new(kinds::SIGN_IN_NOT_SET))?;
    sign_in.failures.check_address(circumstances.address, now).map_err(Problem::too_many_failures)?;
    let cookie = sign_in.cookies.read_begun(&headers).unwrap_or_default();
    let Query(callback) = callback.unwrap_or_default();
    let finished = match people.flow.finish(cookie, callback, now).await {
        Ok(finished) => finished,
        Err(refusal) => {
            // Any page can make a browser come here without what it has begun: nothing is guessed by that.
            let tried = !cookie.is_empty() && refusal.is_of_the_caller();
            return Ok(refused(&door, &circumstances, &refusal, tried));
        }
    };
    let who = format!("{} {}", finished.identity.issuer, finished.identity.subject);
    sign_in.failures.check_principal(&who, now).map_err(Problem::too_many_failures)?;
    let Some(id) = admit(&door, &finished.identity, people.admit_unknown, &circumstances).await? else {
        sign_in.failures.fail_principal(&who, now);
        door.api().observer.failed(SignInWay::Provider, &circumstances, now);
        tracing::warn!(request.id = circumstances.request_id, "Refused a sign-in: nobody here, or disabled");
        return Ok(sent_on(REFUSED, [sign_in.cookies.no_begun()]));
    };
    let (return_to, issuer) = (finished.return_to.clone(), finished.identity.issuer.clone());
    let Some((session_id, secret)) = open(&door, people, finished, id, &circumstances).await? else {
        door.api().observer.failed(SignInWay::Provider, &circumstances, now);
        tracing::warn!(
            request.id = circumstances.request_id,
            "Refused a sign-in: it has opened a session already"
        );
        return Ok(sent_on(REFUSED, [sign_in.cookies.no_begun()]));
    };
    let signed_in = ObservationEvent::SignedIn(SignedIn { principal_id: id, session_id, issuer });
    door.api().observe_done(Doer::person(id.to_string()), signed_in, &circumstances).await;
    metrics::counter!("tollgate_sign_ins_total", "outcome" => "opened").increment(1);
    tracing::info!(principal.id = %id, request.id = circumstances.request_id, "Signed in `{id}`");
    let session = sign_in.cookies.session(&secret, sign_in.sessions.limits().whole);
    Ok(sent_on(return_to.as_str(), [session, sign_in.cookies.no_begun()]))
}

fn refused(door: &Door, circumstances: &Circumstances, refusal: &SignInRefusal, tried: bool) -> Response {
    let cause: &dyn std::error::Error = refusal;
    tracing::warn!(error = cause, request.id = circumstances.request_id, "Refused a sign-in");
    metrics::counter!("tollgate_sign_ins_total", "outcome" => "refused").increment(1);
    let sign_in = &door.api().sign_in;
    door.api().observer.failed(SignInWay::Provider, circumstances, door.now());
    if tried {
        sign_in.failures.fail_address(circumstances.address, door.now());
    }
    sent_on(REFUSED, [sign_in.cookies.no_begun()])
}

/// A session of its own for each sign-in. None where it has opened one already.
async fn open(
    door: &Door,
    people: &People,
    finished: Finished,
    id: PrincipalId,
    circumstances: &Circumstances,
) -> Result<Option<(String, SessionSecret)>, Problem> {
    let now = door.now();
    let Finished { identity, return_to: _, begun } = finished;
    let given = sign_in::given(&people.rules, &identity.claims);
    let session_id = token_id("ses", door.random(), now);
    let new = NewSession {
        id: session_id.clone(),
        begun,
        principal_id: id.to_string(),
        issuer: identity.issuer,
        subject: identity.subject,
        gives: serde_json::to_string(&given).map_err(|failure| Problem::internal(&failure))?,
        user_agent: circumstances.user_agent.clone(),
    };
    let opened = door.api().sign_in.sessions.open(new, random_32(door.random()), now).await;
    Ok(opened.map_err(|why| Problem::unkept(&why))?.map(|secret| (session_id, secret)))
}
