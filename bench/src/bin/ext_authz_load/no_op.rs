//! Servers that decode a question and let the call pass: tonic's own, by the fields that the door reads, or by all of Envoy's API.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use envoy_types::pb::{
    envoy::service::auth::v3::{
        CheckRequest as WholeRequest, CheckResponse as WholeResponse, OkHttpResponse as WholeOk,
        check_response::HttpResponse as WholeHttpResponse,
    },
    google::rpc::Status as WholeStatus,
};
use gateway_doors::wire::ext_authz::{
    CheckRequest, CheckResponse, HttpResponse, OkHttpResponse, SERVICE, Status as CheckStatus,
};
use http::Request;
use prost::Message;
use tonic::{
    Response, Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
};
use tonic_prost::ProstCodec;
use tower::Service;

/// The messages of a question and of its answer.
pub(crate) trait Messages: Copy + Send + Sync + 'static {
    type Question: Message + Default + Send + 'static;
    type Answer: Message + Send + 'static;

    /// An empty OK.
    fn passed() -> Self::Answer;
}

/// The fields that the door reads.
#[derive(Clone, Copy)]
pub(crate) struct Read;

impl Messages for Read {
    type Question = CheckRequest;
    type Answer = CheckResponse;

    fn passed() -> CheckResponse {
        CheckResponse {
            status: Some(CheckStatus { code: 0 }),
            http_response: Some(HttpResponse::Ok(OkHttpResponse::default())),
            dynamic_metadata: None,
        }
    }
}

/// Envoy's whole API.
#[derive(Clone, Copy)]
pub(crate) struct Whole;

impl Messages for Whole {
    type Question = WholeRequest;
    type Answer = WholeResponse;

    fn passed() -> WholeResponse {
        WholeResponse {
            status: Some(WholeStatus::default()),
            http_response: Some(WholeHttpResponse::OkResponse(WholeOk::default())),
            ..WholeResponse::default()
        }
    }
}

/// Decodes a question and lets the call pass.
#[derive(Clone, Copy)]
pub(crate) struct NoOp<M>(PhantomData<M>);

impl<M> NoOp<M> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<M> NamedService for NoOp<M> {
    const NAME: &'static str = SERVICE;
}

impl<M: Messages> UnaryService<M::Question> for NoOp<M> {
    type Response = M::Answer;
    type Future = Ready<Result<Response<M::Answer>, Status>>;

    fn call(&mut self, _: tonic::Request<M::Question>) -> Self::Future {
        ready(Ok(Response::new(M::passed())))
    }
}

impl<M: Messages> Service<Request<Body>> for NoOp<M> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = *self;
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(service, request).await) })
    }
}
