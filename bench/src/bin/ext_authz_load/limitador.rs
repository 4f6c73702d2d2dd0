//! Limitador's published library behind tonic's own server, asked as its own server asks it: limits alone, in memory.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use anyhow::{Context as _, Result};
use gateway_doors::wire::rate_limit::{
    Code, DescriptorEntry, RateLimitDescriptor, RateLimitRequest, RateLimitResponse, SERVICE,
};
use http::Request;
use limitador::{RateLimiter, limit::Limit};
use prost::{Message as _, bytes::Bytes};
use tonic::{
    Response, Status,
    body::Body,
    server::{Grpc, NamedService, UnaryService},
};
use tonic_prost::ProstCodec;
use tower::Service;

use crate::question::{KEYS_OF_A_CLIENT, framed};

const DOMAIN: &str = "bench";
const NOBODY_REACHES: u64 = 1_000_000_000;

/// Limitador, with a limit of a minute and one of a day for each client.
#[derive(Clone)]
pub(crate) struct Limitador(Arc<RateLimiter>);

impl Limitador {
    pub(crate) fn new(keys: u32) -> Result<Self> {
        // It forgets counters for which there is no room.
        let limiter = RateLimiter::new(u64::from(keys) * 2);
        for seconds in [60, 86_400] {
            let client = "descriptors[0].client_id".try_into().context("an expression of Limitador's")?;
            limiter.add_limit(Limit::new(DOMAIN, NOBODY_REACHES, seconds, [], [client]));
        }
        Ok(Self(Arc::new(limiter)))
    }

    fn judge(&self, request: &RateLimitRequest) -> Result<Code, Status> {
        let values = |descriptor: &RateLimitDescriptor| -> HashMap<String, String> {
            descriptor.entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
        };
        let mut context = limitador::limit::Context::default();
        context.list_binding("descriptors".to_owned(), request.descriptors.iter().map(values).collect());
        let namespace = request.domain.clone().into();
        let result = self.0.check_rate_limited_and_update(&namespace, &context, 1);
        let result = result.map_err(|failure| Status::unavailable(failure.to_string()))?;
        // One that finds no counter would be quick.
        if result.counters.len() != 2 {
            return Err(Status::internal("it does not apply its limits"));
        }
        Ok(if result.limited { Code::OverLimit } else { Code::Ok })
    }
}

/// What Envoy asks about the limits of a key's client, framed as gRPC sends it.
pub(crate) fn question(key: u32) -> Result<Bytes> {
    let client_id = format!("cli_{:0>26}", key / KEYS_OF_A_CLIENT);
    let entry = DescriptorEntry { key: "client_id".to_owned(), value: client_id };
    let descriptor = RateLimitDescriptor { entries: vec![entry], ..RateLimitDescriptor::default() };
    let request =
        RateLimitRequest { domain: DOMAIN.to_owned(), descriptors: vec![descriptor], hits_addend: 1 };
    framed(&request.encode_to_vec())
}

impl NamedService for Limitador {
    const NAME: &'static str = SERVICE;
}

impl UnaryService<RateLimitRequest> for Limitador {
    type Response = RateLimitResponse;
    type Future = Ready<Result<Response<RateLimitResponse>, Status>>;

    fn call(&mut self, request: tonic::Request<RateLimitRequest>) -> Self::Future {
        let answer = self.judge(request.get_ref());
        ready(answer.map(|code| {
            Response::new(RateLimitResponse { overall_code: code.into(), ..RateLimitResponse::default() })
        }))
    }
}

impl Service<Request<Body>> for Limitador {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(Grpc::new(ProstCodec::default()).unary(service, request).await) })
    }
}
