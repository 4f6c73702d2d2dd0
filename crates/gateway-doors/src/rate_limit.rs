//! The door for Envoy's rate limit service: limits alone, for calls that somebody else authenticates.
//!
//! A descriptor is understood by its entries, whatever their order:
//!
//! | entry | says |
//! |---|---|
//! | `client_id` | who calls, believed as it is said: `cli_…` |
//! | `api_key` | who calls, where no `client_id` says it: the secret itself, which is proven |
//! | `route_id` | where: `rte_…` |
//! | `method`, `path`, `host` | where, if no `route_id` says it: matched as at the other doors |
//! | `environment` | in place of the one that the door serves |
//! | `remote_address` | from where: kept as a sighting, and what a quarantine goes by |
//!
//! Any other entry tells nobody apart, except under a limit of the descriptor's own, which counts by all entries. Each
//! descriptor is judged by itself; one that names nobody who is known is within its limits, of which there are none.

mod answer;
mod meters;
mod question;
mod units;

use std::sync::Arc;

use gateway::Metered;
use prost::bytes::Bytes;
use tonic::Status;

use self::{
    meters::Meters,
    question::{Question, Unreadable},
};
use crate::{
    door::{Door, Halt, Halts, Kind, Turn},
    refuse::Fault,
    unary::{Answer, Unary},
    wire::writer::Frame,
};

/// `envoy.service.ratelimit.v3.RateLimitService`.
#[derive(Clone)]
pub struct RateLimit {
    door: Arc<Door>,
    meters: Arc<Meters>,
}

impl RateLimit {
    /// Its meters belong to the `metrics` recorder that is installed now.
    #[must_use]
    pub fn new(door: Arc<Door>) -> Self {
        Self { door, meters: Arc::new(Meters::new()) }
    }

    /// Goes on behind the descriptors that were judged on an earlier turn: they have taken what they were granted.
    fn judge(&self, question: &Question<'_>, judged: &mut Vec<Metered>, turn: Turn) -> Result<Frame, Halt> {
        for descriptor in question.descriptors.iter().skip(judged.len()) {
            let call = descriptor.call(question.domain, self.door.environment());
            judged.push(self.door.meter(Kind::RateLimit, &call, turn)?);
        }
        judged.iter().for_each(|metered| self.meters.count(metered));
        Ok(answer::of(judged, self.door.told()))
    }
}

/// Why there is no answer yet, or none at all.
enum Failed {
    Unreadable(Unreadable),
    Halted(Halt),
}

impl From<Unreadable> for Failed {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable)
    }
}

impl From<Halt> for Failed {
    fn from(halt: Halt) -> Self {
        Self::Halted(halt)
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Halted(fault.into())
    }
}

impl Halts for Failed {
    fn fault(&self) -> Option<Fault> {
        match self {
            Self::Unreadable(_) => Some(Fault::UnclearCall),
            Self::Halted(halt) => halt.fault(),
        }
    }
}

/// Whether a call passes on one is Envoy's to say: its `failure_mode_deny`.
fn faulted(fault: Fault) -> Status {
    let message = fault.doc().message;
    match fault {
        Fault::NotReady => Status::unavailable(message),
        Fault::InvalidEnvironment | Fault::UnclearCall => Status::invalid_argument(message),
        Fault::Panicked => Status::internal(message),
    }
}

impl Unary for RateLimit {
    /// Entries are taken from headers, of which Envoy takes 60 KiB by default, some of them more than once.
    const QUESTION_BYTES_MAX: usize = 256 * 1024;

    async fn answer(&self, request: &Bytes) -> Answer {
        let turn = self.door.turn();
        let mut judged = vec![];
        let answer = self.door.guarded(Kind::RateLimit, || {
            let question = question::read(request)?;
            Ok(self.judge(&question, &mut judged, turn)?)
        });
        let shortage = match answer {
            Ok(answer) => return Ok(answer),
            Err(Failed::Unreadable(unreadable)) => {
                return Err(Status::invalid_argument(unreadable.to_string()));
            }
            Err(Failed::Halted(Halt::Fault(fault))) => return Err(faulted(fault)),
            Err(Failed::Halted(Halt::Short(shortage))) => shortage,
        };
        let again = |turn| {
            let question = question::read(request).map_err(|_| Fault::UnclearCall)?;
            self.judge(&question, &mut judged, turn)
        };
        self.door.answer_later(Kind::RateLimit, turn, shortage, again).await.map_err(faulted)
    }
}
