//! The door for Envoy: `ext_authz` over gRPC, authentication, scopes and limits in a single hop.

mod answer;
mod question;

use std::sync::Arc;

use prost::bytes::Bytes;
use tonic::Status;

use crate::{
    door::{Door, Halt, Kind, Turn},
    refuse::Fault,
    unary::{Answer, Unary},
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
    answer::decided(decision, false, crate::Told::default()).message().to_vec()
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

    async fn answer(&self, question: &Bytes) -> Answer {
        let answer = self.door.answer(Kind::ExtAuthz, |turn| self.try_check(question, turn)).await;
        answer.or_else(faulted)
    }
}
