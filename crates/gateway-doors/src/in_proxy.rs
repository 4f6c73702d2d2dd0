//! The door inside a proxy: the same questions and answers as at the others, without a hop and without a message.
//!
//! For a filter that runs in the proxy's own workers. It never waits: a call that needs more of a shared quota is given
//! back as [`Answer::Later`], to be asked about again when its wait is over.

#[cfg(test)]
mod tests;

use std::{net::IpAddr, sync::Arc};

use domain::{Environment, Timestamp, decision::Outcome, ids::DecisionId, usage::StatusClass};
use gateway::{Call, Decision, HeaderField, Response, Shortage};
use tokio::time::Instant;

use crate::{
    credential::{self, API_KEY, AUTHORIZATION},
    door::{Door, Halt, Kind, Turn},
    ext_authz,
    headers::{self, Headers},
    refuse::{self, Fault, Refused},
    told::{Chosen, Told, ToldField},
    user_agent,
    wire::access_log::UPSTREAM_ERRORS,
};

/// One header field of a call; a value that is no text is none.
pub type Field<'a> = (&'a str, Option<&'a str>);

/// A call as the proxy has it, after it has normalised the path and found the caller's address.
#[derive(Clone, Copy)]
pub struct AskedCall<'a> {
    pub method: Option<&'a str>,
    pub host: Option<&'a str>,
    /// With its query.
    pub path: Option<&'a str>,
    /// Names in lower case. Those that [`InProxy::reads`] are enough.
    pub fields: &'a [Field<'a>],
    /// The caller's address, as far as the proxy believes it.
    pub address: Option<IpAddr>,
    /// In the place of the environment that the door serves.
    pub environment: Option<&'a Environment>,
}

/// What becomes of a call.
#[derive(Debug)]
pub enum Answer {
    Pass(Box<Passed>),
    Refuse(Box<Reply>),
    Later(Later),
}

/// A call that may go on.
#[derive(Debug)]
pub struct Passed {
    /// For the upstream, in the place of what the caller sent under these names; an empty value takes the name away.
    pub identity: Headers,
    /// Names that carry the presented secret.
    pub removed: &'static [&'static str],
    /// For the caller, on the upstream's answer.
    pub limits: Headers,
    pub decided: Decided,
}

/// What the caller is answered in the place of the upstream's answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Headers,
    pub body: String,
    /// None of a fault of the door.
    pub decided: Option<Decided>,
}

impl Reply {
    /// Of a call that comes before the configuration.
    #[must_use]
    pub fn not_ready() -> Self {
        faulted(Fault::NotReady)
    }

    /// Of a call whose answering broke off.
    #[must_use]
    pub fn of_panic() -> Self {
        faulted(Fault::Panicked)
    }
}

/// What remains of a decision until its call has ended.
#[derive(Debug)]
pub struct Decided {
    pub outcome: Outcome,
    /// An encoded `google.protobuf.Struct`: what the `ext_authz` door says for access logs and later filters, as far as the door is to
    /// tell it. Empty where it is to tell nothing.
    pub metadata: Vec<u8>,
    so_far: Response,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// 0 where the caller was gone before there was one.
    pub status: u32,
    /// Whether the upstream could not be reached, broke off or did not answer in time.
    pub upstream_error: bool,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub duration_us: u64,
}

/// Whether Envoy's response flags, as one number, say that the upstream was at fault. A flag's bit is the number of its field in the
/// access log's message, less one (measured on 1.40).
#[must_use]
pub fn is_upstream_error(flags: u64) -> bool {
    UPSTREAM_ERRORS.into_iter().any(|field| flags >> (field - 1) & 1 == 1)
}

/// A call that waits for a shared quota.
#[derive(Debug)]
pub struct Later {
    shortage: Shortage,
    turn: Turn,
    deadline: Instant,
}

/// Which try at a call it is.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    turn: Turn,
    /// Of a call that has waited before.
    deadline: Option<Instant>,
}

impl Later {
    /// Waits until the call is worth another try, for as long as the first one left.
    pub async fn ended(self) -> Attempt {
        let Self { shortage, turn, deadline } = self;
        let last = !shortage.ended(deadline).await;
        Attempt { turn: if last { turn.last() } else { turn }, deadline: Some(deadline) }
    }
}

/// The door, asked by a filter.
#[derive(Clone, Debug)]
pub struct InProxy {
    door: Arc<Door>,
    metadata: Chosen<ToldField>,
}

impl InProxy {
    #[must_use]
    pub fn new(door: Arc<Door>) -> Self {
        Self { door, metadata: Chosen::default() }
    }

    /// Tells these fields of a decision to access logs and later filters, in the place of all: each costs the proxy some
    /// allocations for every call.
    #[must_use]
    pub fn telling(self, metadata: Chosen<ToldField>) -> Self {
        Self { metadata, ..self }
    }

    /// Whether a call is judged by the header of this name, in lower case.
    #[must_use]
    pub fn reads(&self, name: &[u8]) -> bool {
        matches!(
            name,
            b":method" | b":authority" | b":path" | b"x-api-key" | b"authorization" | b"user-agent"
        ) || self.door.trusts_cost_headers()
    }

    /// The first try at a call.
    #[must_use]
    pub fn first(&self) -> Attempt {
        Attempt { turn: self.door.turn(), deadline: None }
    }

    /// Answers about a call. A panic refuses this call and no other.
    #[must_use]
    pub fn ask(&self, call: &AskedCall<'_>, attempt: Attempt) -> Answer {
        match self.door.guarded(Kind::InProxy, || self.try_ask(call, attempt.turn)) {
            Ok(answer) => answer,
            Err(Halt::Fault(fault)) => Answer::Refuse(Box::new(faulted(fault))),
            Err(Halt::Short(shortage)) => {
                let Attempt { turn, deadline } = attempt;
                let deadline = deadline.unwrap_or_else(|| Instant::now() + self.door.gateway().wait_max());
                Answer::Later(Later { shortage, turn, deadline })
            }
        }
    }

    /// Counts what became of a call.
    pub fn ended(&self, decided: Decided, ended: Ended) {
        let Ended { status, upstream_error, request_bytes, response_bytes, duration_us } = ended;
        let status = StatusClass::of(status);
        let so_far = decided.so_far;
        let response =
            Response { status, upstream_error, request_bytes, response_bytes, duration_us, ..so_far };
        self.door.gateway().note_response(response);
    }

    fn try_ask(&self, asked: &AskedCall<'_>, turn: Turn) -> Result<Answer, Halt> {
        let credential = credential::read(asked.fields.iter().copied());
        let trusted = Trusted(asked.fields);
        let call = Call {
            secret: credential.secret,
            method: asked.method.ok_or(Fault::UnclearCall)?,
            host: asked.host,
            // Envoy that does not normalise what it serves is told so by a refusal, as at the other doors.
            path: crate::path::insist_on_plain(asked.path.unwrap_or_default()),
            environment: asked.environment.unwrap_or(self.door.environment()),
            address: asked.address.map(|address| address.to_canonical()),
            user_agent: user_agent::read(asked.fields.iter().copied()),
            cost: None,
            trusted_headers: self.door.trusts_cost_headers().then_some(&trusted),
        };
        let decision = self.door.judge(Kind::InProxy, &call, turn)?;
        Ok(answer(decision, credential.in_authorization, self.door.told(), self.metadata))
    }
}

fn answer(decision: Decision, in_authorization: bool, told: Told, metadata: Chosen<ToldField>) -> Answer {
    match refuse::refused(&decision, told) {
        Some(refused) => Answer::Refuse(Box::new(reply(refused, Some(Decided::of(decision, metadata))))),
        None => {
            let mut limits = Headers::new();
            headers::add_limits(&mut limits, &decision, told);
            let removed: &[_] = if in_authorization { &[API_KEY, AUTHORIZATION] } else { &[API_KEY] };
            let identity = headers::identity(&decision, told);
            Answer::Pass(Box::new(Passed {
                identity,
                removed,
                limits,
                decided: Decided::of(decision, metadata),
            }))
        }
    }
}

fn faulted(fault: Fault) -> Reply {
    reply(refuse::faulted(fault), None)
}

fn reply(refused: Refused, decided: Option<Decided>) -> Reply {
    let Refused { status, headers, body } = refused;
    Reply { status: status.as_u16(), headers, body, decided }
}

impl Decided {
    fn of(decision: Decision, told: Chosen<ToldField>) -> Self {
        let metadata = ext_authz::metadata(&decision, told);
        let Decision { id, outcome, client_id, key_id, secret_version, route_id, environment, .. } = decision;
        let so_far = Response {
            decided_at: decided_at(id),
            client_id,
            key_id,
            secret_version,
            route_id,
            environment,
            outcome,
            status: StatusClass::of(0),
            upstream_error: false,
            request_bytes: 0,
            response_bytes: 0,
            duration_us: 0,
        };
        Self { outcome, metadata, so_far }
    }
}

/// An identifier begins with 48 bits of Unix milliseconds.
fn decided_at(id: DecisionId) -> Timestamp {
    let unix_ms = i64::try_from(id.to_u128() >> 80).ok();
    unix_ms.and_then(|unix_ms| Timestamp::from_millisecond(unix_ms).ok()).unwrap_or_default()
}

/// The headers of a call, of a door that believes what they say of its cost.
struct Trusted<'a>(&'a [Field<'a>]);

impl gateway::Headers for Trusted<'_> {
    fn header(&self, name: &str) -> HeaderField<'_> {
        let mut given = self.0.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        match (given.next(), given.next()) {
            (None, _) => HeaderField::Absent,
            (Some((_, Some(value))), None) => HeaderField::One(value),
            (Some((_, None)), None) | (Some(_), Some(_)) => HeaderField::Unclear,
        }
    }
}
