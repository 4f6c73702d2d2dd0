//! `POST /v1/leaks/github` and `POST /v1/leaks/generic`: no token opens these, a signature does.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::api_key::LeakReceiver;
use http::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::{
    ask::unread,
    body::Object,
    circumstances::Circumstances,
    docs::{FoundPlain, ReceiverProblems},
    guard::Door,
    leaks::{self, Report, Told},
    problem::{Problem, kinds},
    query::{NoParams, Params},
};

const KEY_IDENTIFIER: HeaderName = HeaderName::from_static("github-public-key-identifier");
const GITHUB_SIGNATURE: HeaderName = HeaderName::from_static("github-public-key-signature");
/// Reports in one request.
const REPORTS_MAX: usize = 1_000;

/// A secret as GitHub reports it. Fields that GitHub may add are passed over.
#[derive(Deserialize, ToSchema)]
pub(crate) struct GithubReport {
    #[schema(max_length = 512)]
    token: String,
    r#type: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    source: Option<String>,
}

/// What GitHub is told of it.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct GithubVerdict {
    /// SHA-256 of the token in base64: it is not repeated.
    token_hash: String,
    token_type: String,
    /// `true_positive` where it is or was a secret of ours, `false_positive` otherwise.
    label: &'static str,
}

/// Secrets that somebody has found.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenericReports {
    #[schema(value_type = Vec<GenericReport>, max_items = 1000)]
    tokens: Vec<Object<GenericReport>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenericReport {
    #[schema(max_length = 512)]
    token: String,
    /// Where it was found.
    #[serde(default)]
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// In what, such as `commit` or `paste`.
    #[serde(default)]
    #[schema(max_length = 120)]
    source: Option<String>,
}

/// What was found of them, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GenericVerdicts {
    results: Vec<GenericVerdict>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GenericVerdict {
    /// SHA-256 of the token in base64.
    token_hash: String,
    /// `true_positive` where it is or was a secret of ours, `false_positive` otherwise.
    label: &'static str,
}

/// Take GitHub's reports of leaked secrets
///
/// In the format of its secret scanning partner program, signed by GitHub.
#[utoipa::path(
    post,
    path = "/v1/leaks/github",
    operation_id = "receive_github_leaks",
    tag = "leaks",
    params(
        ("Github-Public-Key-Identifier" = String, Header, description = "Names the key that signed the body."),
        ("Github-Public-Key-Signature" = String, Header, description = "ECDSA on P-256 over the body with SHA-256: DER in base64."),
    ),
    request_body = Vec<GithubReport>,
    responses((status = 200, description = "What was found of each.", body = Vec<GithubVerdict>), ReceiverProblems),
    security(()),
    extensions(("x-tollgate-permission" = json!("none: by the signature of the report")))
)]
pub(crate) async fn receive_github(
    State(door): State<Door>,
    Extension(circumstances): Extension<Circumstances>,
    _: Params<NoParams>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Vec<GithubVerdict>>, Problem> {
    let api = door.api();
    let Some(keys) = &api.leaks.github else { return Err(Problem::new(kinds::PATH_NOT_FOUND)) };
    let body = body.map_err(|rejection| unread(&rejection))?;
    admit(&door)?;
    let (identifier, signature) = (field(&headers, &KEY_IDENTIFIER), field(&headers, &GITHUB_SIGNATURE));
    if !keys.verifies(identifier, signature, &body, door.now()).await {
        return Err(Problem::new(kinds::SIGNATURE_INVALID));
    }
    let reports: Vec<GithubReport> = read(&body)?;
    check_count(reports.len())?;
    let mut verdicts = vec![];
    for GithubReport { token, r#type, url, source } in reports {
        let (url, source) = (url.as_deref(), source.as_deref());
        let report = Report { receiver: LeakReceiver::Github, token: &token, source, url };
        let label = label(leaks::take(api, &circumstances, &report).await?);
        verdicts.push(GithubVerdict { token_hash: hash(&token), token_type: r#type, label });
    }
    Ok(Json(verdicts))
}

/// Take reports of leaked secrets from your own scanner
///
/// Signed with the secret that the receiver was given, over the time and the body.
#[utoipa::path(
    post,
    path = "/v1/leaks/generic",
    operation_id = "receive_generic_leaks",
    tag = "leaks",
    params(
        ("Tollgate-Timestamp" = String, Header, description = "Unix seconds, at most five minutes off."),
        ("Tollgate-Signature" = String, Header, description = "`v1=` and HMAC-SHA-256 in hexadecimal over the timestamp, a full stop and the body."),
    ),
    request_body = GenericReports,
    responses(FoundPlain<GenericVerdicts>, ReceiverProblems),
    security(()),
    extensions(("x-tollgate-permission" = json!("none: by the signature of the report")))
)]
pub(crate) async fn receive_generic(
    State(door): State<Door>,
    Extension(circumstances): Extension<Circumstances>,
    _: Params<NoParams>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<GenericVerdicts>, Problem> {
    let api = door.api();
    let Some(secret) = &api.leaks.shared else { return Err(Problem::new(kinds::PATH_NOT_FOUND)) };
    let body = body.map_err(|rejection| unread(&rejection))?;
    admit(&door)?;
    let (timestamp, signature) = (field(&headers, &leaks::TIMESTAMP), field(&headers, &leaks::SIGNATURE));
    if !secret.verifies(timestamp, signature, &body, door.now()) {
        return Err(Problem::new(kinds::SIGNATURE_INVALID));
    }
    let GenericReports { tokens } = read(&body)?;
    check_count(tokens.len())?;
    let mut results = vec![];
    for Object(GenericReport { token, url, source }) in tokens {
        let (url, source) = (url.as_deref(), source.as_deref());
        let report = Report { receiver: LeakReceiver::Generic, token: &token, source, url };
        let label = label(leaks::take(api, &circumstances, &report).await?);
        results.push(GenericVerdict { token_hash: hash(&token), label });
    }
    Ok(Json(GenericVerdicts { results }))
}

fn admit(door: &Door) -> Result<(), Problem> {
    if door.api().leaks.pace.admits(door.now()) { Ok(()) } else { Err(Problem::new(kinds::RECEIVER_BUSY)) }
}

/// The one field of that name; a repeated one is none.
fn field<'headers>(headers: &'headers HeaderMap, name: &HeaderName) -> &'headers str {
    let mut fields = headers.get_all(name).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return "" };
    field.to_str().unwrap_or_default()
}

/// What is wrong is not said: there may be a secret in it.
fn read<'body, T: Deserialize<'body>>(body: &'body [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body)
        .map_err(|_| Problem::because(kinds::BODY_MALFORMED, "the body is no list of reports"))
}

fn check_count(reports: usize) -> Result<(), Problem> {
    if reports > REPORTS_MAX {
        return Err(Problem::because(kinds::BODY_MALFORMED, "the body has more than 1000 reports"));
    }
    Ok(())
}

fn label(told: Told) -> &'static str {
    match told {
        Told::Ours => "true_positive",
        Told::NotOurs => "false_positive",
    }
}

fn hash(token: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(token))
}
