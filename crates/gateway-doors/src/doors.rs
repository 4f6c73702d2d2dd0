//! Every door on one listener.

use std::{convert::Infallible, fmt, future::Future, pin::Pin, sync::Arc};

use axum::{
    Router,
    body::Body,
    response::IntoResponse as _,
    routing::{any, get},
};
use http::{HeaderMap, Request, Response, StatusCode, header::CONTENT_TYPE};
use hyper::{body::Incoming, service::Service};
use tokio_util::sync::CancellationToken;
use tonic::{Status, service::Routes};

use crate::{
    AccessLog, Door, ExtAuthz, RateLimit,
    forward_auth::{for_nginx, forward_auth},
    health::healthz,
    unary::{self, Reply},
    verify_router,
    wire::{ext_authz::CHECK, rate_limit::SHOULD_RATE_LIMIT},
};

/// The gRPC services, `/v1/verify`, `/v1/forward-auth` and `/healthz`. Anything else is answered as an unknown method where
/// gRPC asks, and with 404 where not. Cheap to clone.
#[derive(Clone)]
pub struct Doors {
    ext_authz: ExtAuthz,
    rate_limit: RateLimit,
    /// For all that is asked less often.
    others: Router,
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doors(..)")
    }
}

impl Doors {
    /// `stop` is the one that [`serve`](crate::serve()) is given: streams without an end end by it.
    ///
    /// Their meters belong to the `metrics` recorder that is installed now.
    #[must_use]
    pub fn new(door: Arc<Door>, stop: CancellationToken) -> Self {
        let http = Router::new()
            .route("/v1/forward-auth", any(forward_auth))
            .route("/v1/forward-auth/nginx", any(for_nginx))
            .route("/healthz", get(healthz))
            .with_state(Arc::clone(&door))
            .merge(verify_router(Arc::clone(&door)));
        let streams = Routes::new(AccessLog::new(Arc::clone(&door), stop));
        let others = streams.into_axum_router().merge(http).fallback(unknown);
        Self { ext_authz: ExtAuthz::new(Arc::clone(&door)), rate_limit: RateLimit::new(door), others }
    }
}

/// gRPC tells an unknown method with 200. A proxy that asks by a request of its own, at a path that is written wrongly, takes
/// that for leave to pass.
async fn unknown(headers: HeaderMap) -> Response<Body> {
    let said = headers.get(CONTENT_TYPE).and_then(|said| said.to_str().ok());
    if said.is_some_and(|said| said.starts_with("application/grpc")) {
        Status::unimplemented("no such method").into_http()
    } else {
        StatusCode::NOT_FOUND.into_response()
    }
}

impl Service<Request<Incoming>> for Doors {
    type Response = Response<Reply>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        match request.uri().path() {
            CHECK => {
                let method = self.ext_authz.clone();
                Box::pin(async move { Ok(unary::call(&method, request).await) })
            }
            SHOULD_RATE_LIMIT => {
                let method = self.rate_limit.clone();
                Box::pin(async move { Ok(unary::call(&method, request).await) })
            }
            _ => {
                let mut others = self.others.clone();
                let answering = tower::Service::call(&mut others, request.map(Body::new));
                Box::pin(async move { Ok(answering.await?.map(Reply::Routed)) })
            }
        }
    }
}
