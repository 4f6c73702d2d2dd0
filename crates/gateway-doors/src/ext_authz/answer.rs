//! A decision, as Envoy carries it out. Written as `wire::ext_authz::CheckResponse` reads.

use domain::{decision::Outcome, rate_limit_policy::Mode};
use gateway::Decision;
use smallvec::SmallVec;
use tonic::Code;

use crate::{
    credential::{API_KEY, AUTHORIZATION},
    headers::{self, Headers},
    refuse::{self, Fault, Refused},
    text::{IdText, push_decimal},
    told::{Choice as _, Chosen, Told, ToldField},
    wire::writer::{Frame, Writer, size_of},
};

/// `HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD`.
const OVERWRITE_IF_EXISTS_OR_ADD: u64 = 2;
/// What that takes with its key.
const NUMBER_BYTES: usize = 2;
/// What most answers fit into.
const ANSWER_BYTES: usize = 2048;
/// What the metadata of most answers fits into.
const METADATA_BYTES: usize = 512;

/// The whole answer to a call that was judged.
pub(super) fn decided(decision: &Decision, secret_in_authorization: bool, told: Told) -> Frame {
    let mut answer = Writer::framed(ANSWER_BYTES);
    write_status(&mut answer, grpc_code(decision.outcome));
    match refuse::refused(decision, told) {
        Some(refused) => write_denied(&mut answer, &refused),
        None => answer.message(3, |ok| write_passed(ok, decision, secret_in_authorization, told)),
    }
    answer.message(4, |metadata| write_metadata(metadata, decision, Chosen::default()));
    answer.into_frame()
}

/// The whole answer to a call that could not be judged.
pub(super) fn faulted(fault: Fault) -> Frame {
    let code = match fault {
        Fault::InvalidEnvironment | Fault::UnclearCall => Code::PermissionDenied,
        Fault::NotReady => Code::Unavailable,
        Fault::Panicked => Code::Internal,
    };
    let mut answer = Writer::framed(ANSWER_BYTES);
    write_status(&mut answer, code);
    write_denied(&mut answer, &refuse::faulted(fault));
    answer.into_frame()
}

fn grpc_code(outcome: Outcome) -> Code {
    match outcome {
        Outcome::Allowed => Code::Ok,
        Outcome::Unauthenticated => Code::Unauthenticated,
        Outcome::Forbidden => Code::PermissionDenied,
        Outcome::RateLimited | Outcome::QuotaExceeded => Code::ResourceExhausted,
    }
}

fn write_status(answer: &mut Writer, code: Code) {
    answer.message(1, |status| {
        // What is OK is not written: 0 is what an absent number reads as.
        if code != Code::Ok {
            status.number(1, u64::try_from(i32::from(code)).unwrap_or_default());
        }
    });
}

/// `OkHttpResponse`: the upstream sees who calls and never the secret.
fn write_passed(ok: &mut Writer, decision: &Decision, secret_in_authorization: bool, told: Told) {
    for (name, value) in headers::identity(decision, told).iter() {
        // Envoy leaves out a header with an empty value, and would let the caller's own one pass.
        if value.is_empty() {
            ok.text(5, name);
        } else {
            write_header(ok, 2, name, value);
        }
    }
    ok.text(5, API_KEY);
    if secret_in_authorization {
        ok.text(5, AUTHORIZATION);
    }
    let mut limits = Headers::new();
    headers::add_limits(&mut limits, decision, told);
    for (name, value) in limits.iter() {
        write_header(ok, 6, name, value);
    }
}

fn write_denied(answer: &mut Writer, refused: &Refused) {
    answer.message(2, |denied| {
        denied.message(1, |status| status.number(1, refused.status.as_u16().into()));
        for (name, value) in refused.headers.iter() {
            write_header(denied, 2, name, value);
        }
        denied.text(3, &refused.body);
    });
}

/// `HeaderValueOption`.
fn write_header(writer: &mut Writer, field: u8, name: &str, value: &str) {
    let header = size_of(name.len()) + size_of(value.len());
    writer.message_of(field, size_of(header) + NUMBER_BYTES, |option| {
        option.message_of(1, header, |header| {
            header.text(1, name);
            header.text(2, value);
        });
        option.number(3, OVERWRITE_IF_EXISTS_OR_ADD);
    });
}

/// What [`write_metadata`] writes, by itself.
pub(crate) fn metadata(decision: &Decision, told: Chosen<ToldField>) -> Vec<u8> {
    if told.is_none() {
        return vec![];
    }
    let mut metadata = Writer::with_capacity(METADATA_BYTES);
    write_metadata(&mut metadata, decision, told);
    metadata.into_bytes()
}

/// For Envoy's access log and later filters. Stays inside, so it may tell the true reason and the limits in shadow. The
/// access log service gets it back with what became of the call: `access_log/entry.rs` reads what this writes.
pub(crate) fn write_metadata(metadata: &mut Writer, decision: &Decision, told: Chosen<ToldField>) {
    use ToldField as Field;
    let mut text = |field: Field, text: &str| write_text(metadata, told, field, text);
    let mut id = |field: Field, id: Option<IdText>| id.iter().for_each(|id| text(field, id.as_str()));
    id(Field::DecisionId, Some(decision.id.into()));
    id(Field::ClientId, decision.client_id.map(IdText::from));
    id(Field::KeyId, decision.key_id.map(IdText::from));
    id(Field::RouteId, decision.route_id.map(IdText::from));
    if let Some(version) = decision.secret_version {
        // A text, so that it is read back as it is: protobuf's JSON has no whole numbers.
        let mut digits = String::new();
        push_decimal(&mut digits, version.into());
        text(Field::SecretVersion, &digits);
    }
    text(Field::Environment, decision.environment.as_str());
    text(Field::Outcome, decision.outcome.as_str());
    if let Some(reason) = decision.reason {
        text(Field::Reason, reason.as_str());
    }
    if !decision.limits.is_empty() {
        let write = |value: &mut Writer| value.message(6, |list| write_policies(list, decision));
        write_value(metadata, told, Field::Policies, write);
    }
    if decision.limits.iter().any(|limit| limit.refused && limit.mode == Mode::Shadow) {
        write_value(metadata, told, Field::ShadowRefused, |value| value.number(4, 1));
    }
    let position = number(decision.position.get());
    write_value(metadata, told, Field::Position, |value| value.double(2, position));
}

/// An entry of `google.protobuf.Struct` whose value is a text: most are.
fn write_text(metadata: &mut Writer, told: Chosen<ToldField>, field: ToldField, text: &str) {
    if told.contains(field) {
        let (name, value) = (field.as_str(), size_of(text.len()));
        metadata.message_of(1, size_of(name.len()) + size_of(value), |entry| {
            entry.text(1, name);
            entry.message_of(2, value, |value| value.text(3, text));
        });
    }
}

/// An entry of `google.protobuf.Struct`.
fn write_value(
    metadata: &mut Writer,
    told: Chosen<ToldField>,
    field: ToldField,
    write: impl FnOnce(&mut Writer),
) {
    if told.contains(field) {
        metadata.message(1, |entry| {
            entry.text(1, field.as_str());
            entry.message(2, write);
        });
    }
}

/// Each policy that was looked at, once, with its revision: `pol_01k2…@3`.
fn write_policies(list: &mut Writer, decision: &Decision) {
    let mut seen: SmallVec<[_; 4]> = SmallVec::new();
    let mut text = String::new();
    for limit in &decision.limits {
        let policy = (limit.policy_id, limit.policy_revision);
        if !seen.contains(&policy) {
            seen.push(policy);
            text.clear();
            text.push_str(IdText::from(limit.policy_id).as_str());
            text.push('@');
            push_decimal(&mut text, limit.policy_revision.into());
            list.message(1, |value| value.text(3, &text));
        }
    }
}

/// Protobuf's JSON knows one kind of number: exact to 2^53, which no log will reach.
fn number(number: u64) -> f64 {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    let high = f64::from(u32::from_be_bytes([a, b, c, d]));
    high * 4_294_967_296.0 + f64::from(u32::from_be_bytes([e, f, g, h]))
}
