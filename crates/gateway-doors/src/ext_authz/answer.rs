//! A decision, as Envoy carries it out.

use domain::{decision::Outcome, rate_limit_policy::Mode};
use gateway::Decision;
use prost::bytes::Bytes;
use tonic::Code;

use crate::{
    credential::{API_KEY, AUTHORIZATION},
    headers::{self, Header},
    refuse::{self, Fault, Refused},
    wire::ext_authz::{
        CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue, HeaderValueOption, HttpResponse,
        HttpStatus, ListValue, MetadataField, MetadataKind, MetadataValue, OkHttpResponse, Status, Struct,
    },
};

/// The whole answer to a call that was judged.
pub(super) fn decided(decision: &Decision, secret_in_authorization: bool) -> CheckResponse {
    let http_response = match refuse::refused(decision) {
        Some(refused) => HttpResponse::Denied(denied(refused)),
        None => HttpResponse::Ok(passed(decision, secret_in_authorization)),
    };
    CheckResponse {
        status: Some(Status { code: grpc_code(decision.outcome).into() }),
        http_response: Some(http_response),
        dynamic_metadata: Some(metadata(decision)),
    }
}

/// The whole answer to a call that could not be judged.
pub(super) fn faulted(fault: Fault) -> CheckResponse {
    let code = match fault {
        Fault::InvalidEnvironment | Fault::UnclearCall => Code::PermissionDenied,
        Fault::NotReady => Code::Unavailable,
        Fault::Panicked => Code::Internal,
    };
    CheckResponse {
        status: Some(Status { code: code.into() }),
        http_response: Some(HttpResponse::Denied(denied(refuse::faulted(fault)))),
        dynamic_metadata: None,
    }
}

fn grpc_code(outcome: Outcome) -> Code {
    match outcome {
        Outcome::Allowed => Code::Ok,
        Outcome::Unauthenticated => Code::Unauthenticated,
        Outcome::Forbidden => Code::PermissionDenied,
        Outcome::RateLimited | Outcome::QuotaExceeded => Code::ResourceExhausted,
    }
}

/// The upstream sees who calls and never the secret.
fn passed(decision: &Decision, secret_in_authorization: bool) -> OkHttpResponse {
    let mut headers_to_remove = vec![Bytes::from_static(API_KEY.as_bytes())];
    if secret_in_authorization {
        headers_to_remove.push(Bytes::from_static(AUTHORIZATION.as_bytes()));
    }
    let mut headers = Vec::with_capacity(5);
    for header in headers::identity(decision) {
        // Envoy leaves out a header with an empty value, and would let the caller's own one pass.
        if header.value.is_empty() {
            headers_to_remove.push(Bytes::from_static(header.name.as_bytes()));
        } else {
            headers.push(overwriting(header));
        }
    }
    let response_headers_to_add = headers::limits(decision).into_iter().map(overwriting).collect();
    OkHttpResponse { headers, headers_to_remove, response_headers_to_add }
}

fn denied(refused: Refused) -> DeniedHttpResponse {
    DeniedHttpResponse {
        status: Some(HttpStatus { code: refused.status.as_u16().into() }),
        headers: refused.headers.into_iter().map(overwriting).collect(),
        body: refused.body,
    }
}

fn overwriting(header: Header) -> HeaderValueOption {
    HeaderValueOption {
        header: Some(HeaderValue { key: Bytes::from_static(header.name.as_bytes()), value: header.value }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
    }
}

/// For Envoy's access log and later filters. Stays inside, so it may tell the true reason and the limits in shadow.
fn metadata(decision: &Decision) -> Struct {
    let mut fields = Vec::with_capacity(9);
    let mut field = |key: &'static str, kind: MetadataKind| {
        let value = Some(MetadataValue { kind: Some(kind) });
        fields.push(MetadataField { key: Bytes::from_static(key.as_bytes()), value });
    };
    let constant = |text: &'static str| MetadataKind::Text(Bytes::from_static(text.as_bytes()));
    let text = |text: String| MetadataKind::Text(text.into());
    field("decision_id", text(decision.id.to_string()));
    field("outcome", constant(decision.outcome.as_str()));
    if let Some(reason) = decision.reason {
        field("reason", constant(reason.as_str()));
    }
    if let Some(id) = decision.client_id {
        field("client_id", text(id.to_string()));
    }
    if let Some(id) = decision.key_id {
        field("key_id", text(id.to_string()));
    }
    if let Some(id) = decision.route_id {
        field("route_id", text(id.to_string()));
    }
    if !decision.limits.is_empty() {
        field("policies", MetadataKind::List(policies(decision)));
    }
    if decision.limits.iter().any(|limit| limit.refused && limit.mode == Mode::Shadow) {
        field("shadow_refused", MetadataKind::Truth(true));
    }
    field("position", MetadataKind::Number(number(decision.position.get())));
    Struct { fields }
}

/// Each policy that was looked at, once, with its revision: `pol_01k2…@3`.
fn policies(decision: &Decision) -> ListValue {
    let mut seen = Vec::with_capacity(decision.limits.len());
    for limit in &decision.limits {
        let policy = (limit.policy_id, limit.policy_revision);
        if !seen.contains(&policy) {
            seen.push(policy);
        }
    }
    let text = |(id, revision)| MetadataKind::Text(format!("{id}@{revision}").into());
    ListValue { values: seen.into_iter().map(|policy| MetadataValue { kind: Some(text(policy)) }).collect() }
}

/// Protobuf's JSON knows one kind of number: exact to 2^53, which no log will reach.
fn number(number: u64) -> f64 {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    let high = f64::from(u32::from_be_bytes([a, b, c, d]));
    high * 4_294_967_296.0 + f64::from(u32::from_be_bytes([e, f, g, h]))
}
