//! Every door on one listener.

use std::sync::Arc;

use axum::{
    Router,
    routing::{any, get},
};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{
    AccessLog, Door, ExtAuthz, RateLimit,
    forward_auth::{for_nginx, forward_auth},
    health::healthz,
    verify_router,
};

/// The gRPC services, `/v1/verify`, `/v1/forward-auth` and `/healthz`. Anything else is answered as gRPC answers an
/// unknown method. `stop` is the one that [`serve`](crate::serve()) is given: streams without an end end by it.
pub fn router(door: Arc<Door>, stop: CancellationToken) -> Router {
    let http = Router::new()
        .route("/v1/forward-auth", any(forward_auth))
        .route("/v1/forward-auth/nginx", any(for_nginx))
        .route("/healthz", get(healthz))
        .with_state(Arc::clone(&door))
        .merge(verify_router(Arc::clone(&door)));
    let access_log = AccessLog::new(Arc::clone(&door), stop);
    let rate_limit = RateLimit::new(Arc::clone(&door));
    let services = Routes::new(ExtAuthz::new(door)).add_service(rate_limit).add_service(access_log);
    services.into_axum_router().merge(http)
}
