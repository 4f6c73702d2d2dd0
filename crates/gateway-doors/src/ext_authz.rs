//! The door for Envoy: `ext_authz` over gRPC, authentication, scopes and limits in a single hop.

mod answer;
mod codec;
mod question;

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Request;
use prost::bytes::Bytes;
use tonic::{
    Response, Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
};
use tower::Service;

use self::codec::Frames;
use crate::{
    door::{Door, Kind},
    refuse::Fault,
    wire::ext_authz::{CHECK, SERVICE},
};

/// Envoy sends headers and, where it is told to, a body that is not asked for: 1 MiB.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

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

    fn check(&self, request: &[u8]) -> Result<Vec<u8>, Status> {
        let answer = self.door.guarded(Kind::ExtAuthz, || {
            let question = question::read(&self.door, request)?;
            let decision = self.door.judge(Kind::ExtAuthz, &question.call())?;
            Ok(answer::decided(&decision, question.in_authorization()))
        });
        match answer {
            Ok(answer) => Ok(answer),
            // Envoy counts this against the door and may ask another; what it then tells the caller is its
            // `status_on_error`.
            Err(fault @ Fault::NotReady) => Err(Status::unavailable(fault.doc().message)),
            Err(fault @ (Fault::InvalidEnvironment | Fault::UnclearCall | Fault::Panicked)) => {
                Ok(answer::faulted(fault))
            }
        }
    }
}

impl NamedService for ExtAuthz {
    const NAME: &'static str = SERVICE;
}

impl UnaryService<Bytes> for ExtAuthz {
    /// An encoded `CheckResponse`.
    type Response = Vec<u8>;
    type Future = Ready<Result<Response<Vec<u8>>, Status>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        ready(self.check(request.get_ref()).map(Response::new))
    }
}

impl Service<Request<Body>> for ExtAuthz {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            if request.uri().path() != CHECK {
                return Ok(Status::unimplemented("the only method is Check").into_http());
            }
            let mut grpc = Grpc::new(Frames).max_decoding_message_size(REQUEST_BYTES_MAX);
            Ok(grpc.unary(service, request).await)
        })
    }
}
