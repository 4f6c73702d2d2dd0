//! The door for Envoy: `ext_authz` over gRPC, authentication, scopes and limits in a single hop.

mod answer;
mod question;

use std::sync::Arc;

use gateway::Shortage;
use prost::bytes::Bytes;
use tonic::Status;

use crate::{
    answering::{Answer, Answering},
    door::{Door, Halt, Kind, Turn},
    refuse::Fault,
    unary::Unary,
    wire::writer::Frame,
};

/// `envoy.service.auth.v3.Authorization`.
#[derive(Clone, Debug)]
pub struct ExtAuthz {
    door: Arc<Door>,
}

impl ExtAuthz {
    #[must_use]
    pub fn new(door: Arc<Door>) -> Self {
        Self { door }
    }

    async fn check_later(self, request: Bytes, turn: Turn, shortage: Shortage) -> Answer {
        let again = |turn| self.try_check(&request, turn);
        let answer = self.door.answer_later(Kind::ExtAuthz, turn, shortage, again).await;
        answer.or_else(faulted)
    }

    fn try_check(&self, request: &[u8], turn: Turn) -> Result<Frame, Halt> {
        let question = question::read(&self.door, request)?;
        let decision = self.door.judge(Kind::ExtAuthz, &question.call(), turn)?;
        Ok(answer::decided(&decision, question.in_authorization(), self.door.told()))
    }
}

pub(crate) use answer::{metadata, write_metadata};

/// What is answered about a decision, for tests of those who get it back.
#[cfg(test)]
pub(crate) fn decided(decision: &gateway::Decision) -> Vec<u8> {
    answer::decided(decision, false, crate::door::Told::default()).message().to_vec()
}

fn faulted(fault: Fault) -> Answer {
    match fault {
        // Envoy counts this against the door and may ask another; what it then tells the caller is its
        // `status_on_error`.
        Fault::NotReady => Err(Status::unavailable(fault.doc().message)),
        Fault::InvalidEnvironment | Fault::UnclearCall | Fault::Panicked => Ok(answer::faulted(fault)),
    }
}

impl Unary for ExtAuthz {
    /// Envoy sends headers and, where it is told to, a body that is not asked for: 1 MiB.
    const QUESTION_BYTES_MAX: usize = 1024 * 1024;

    /// At once, which nearly every call is; else in a future of its own.
    fn answer(&self, request: &Bytes) -> Answering {
        let turn = self.door.turn();
        match self.door.guarded(Kind::ExtAuthz, || self.try_check(request, turn)) {
            Ok(answer) => Answering::at_once(Ok(answer)),
            Err(Halt::Fault(fault)) => Answering::at_once(faulted(fault)),
            Err(Halt::Short(shortage)) => {
                Answering::later(self.clone().check_later(request.clone(), turn, shortage))
            }
        }
    }
}
