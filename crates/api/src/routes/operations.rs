//! What operators and programs ask without a token: `/healthz`, `/readyz`, `/metrics`, `/openapi.json`; and with one,
//! `/v1/operations`: work that takes longer than an answer may.
//!
//! They tell nothing about clients, and the admin address is a loopback one unless somebody says otherwise.

mod cancel;
pub(crate) mod export;
mod get;
mod items;
mod list;
pub(crate) mod view;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{Readiness, docs::FoundPlain, guard::Door};

pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(metrics))
        .routes(routes!(openapi))
        .routes(routes!(list::list))
        .routes(routes!(get::get))
        .routes(routes!(items::items))
        .routes(routes!(cancel::cancel))
}

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
}

/// Tell whether the process is alive
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    tag = "operations",
    responses(FoundPlain<Health>),
    security(()),
    extensions(("x-tollgate-permission" = json!("none: open to anybody")))
)]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Tell whether the process can do its work
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    tag = "operations",
    responses(FoundPlain<Readiness>, (status = 503, description = "Not now.", body = Readiness)),
    security(()),
    extensions(("x-tollgate-permission" = json!("none: open to anybody")))
)]
pub(crate) async fn readyz(State(door): State<Door>) -> (StatusCode, Json<Readiness>) {
    let readiness = door.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}

/// Show the measures of the process, for Prometheus
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "operations",
    responses((status = 200, description = "In Prometheus' text format.", body = String, content_type = "text/plain")),
    security(()),
    extensions(("x-tollgate-permission" = json!("none: open to anybody")))
)]
pub(crate) async fn metrics(State(door): State<Door>) -> Response {
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([kind], door.metrics()).into_response()
}

/// Show this document
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json")),
    security(()),
    extensions(("x-tollgate-permission" = json!("none: open to anybody")))
)]
pub(crate) async fn openapi(State(door): State<Door>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], door.openapi()).into_response()
}
