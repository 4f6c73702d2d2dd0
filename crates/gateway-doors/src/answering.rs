//! What a door of gRPC answers with: at once, which nearly every call is, or once a shared quota is reserved.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use tonic::Status;

use crate::wire::writer::Frame;

pub(crate) type Answer = Result<Frame, Status>;

/// An answer that is there, or that waits for a shared quota.
pub(crate) enum Answering {
    Ready(Ready<Answer>),
    Waiting(Pin<Box<dyn Future<Output = Answer> + Send>>),
}

impl Answering {
    pub(crate) fn at_once(answer: Answer) -> Self {
        Self::Ready(ready(answer))
    }

    pub(crate) fn later(answer: impl Future<Output = Answer> + Send + 'static) -> Self {
        Self::Waiting(Box::pin(answer))
    }
}

impl Future for Answering {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(answer) => Pin::new(answer).poll(context),
            Self::Waiting(answer) => answer.as_mut().poll(context),
        }
    }
}
