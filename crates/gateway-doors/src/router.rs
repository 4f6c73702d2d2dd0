//! Every door on one listener.

use std::sync::Arc;

use axum::{
    Router,
    routing::{any, get},
};
use tonic::service::Routes;

use crate::{
    Door, ExtAuthz,
    forward_auth::{for_nginx, forward_auth},
    health::healthz,
    verify_router,
};

/// The gRPC service, `/v1/verify`, `/v1/forward-auth` and `/healthz`. Anything else is answered as gRPC answers an
/// unknown method.
pub fn router(door: Arc<Door>) -> Router {
    let http = Router::new()
        .route("/v1/forward-auth", any(forward_auth))
        .route("/v1/forward-auth/nginx", any(for_nginx))
        .route("/healthz", get(healthz))
        .with_state(Arc::clone(&door))
        .merge(verify_router(Arc::clone(&door)));
    Routes::new(ExtAuthz::new(door)).into_axum_router().merge(http)
}
