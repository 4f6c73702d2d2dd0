//! `POST /v1/service-accounts/{id}/disable|enable`

use axum::response::Response;
use domain::PrincipalId;
use http::StatusCode;

use super::view::ServiceAccountView;
use crate::{
    answer::written,
    ask::Ask,
    docs::{Changed, Missing, PrincipalPath, WriteHeaders, WriteProblems},
    dry_run::Instead,
    guard::needs::{PrincipalDisable, ServiceAccountWrite},
    path::Id,
    routes::{
        clients::body::ReasonBody,
        principals::standing::{Kind, disable, enable},
    },
};

/// Disable a service account
///
/// Its tokens open nothing until it is enabled again.
#[utoipa::path(
    post,
    path = "/v1/service-accounts/{id}/disable",
    operation_id = "disable_service_account",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<ServiceAccountView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("principal.disable")))
)]
pub(crate) async fn disable_service_account(
    ask: Ask<PrincipalDisable, Id<PrincipalId>>,
) -> Result<Response, Instead> {
    let effect = ask.once(disable(&ask, Kind::ServiceAccount)).await?;
    written::<_, _, _, ServiceAccountView>(&ask, effect, StatusCode::OK).await
}

/// Enable a service account again
#[utoipa::path(
    post,
    path = "/v1/service-accounts/{id}/enable",
    operation_id = "enable_service_account",
    tag = "access",
    params(PrincipalPath, WriteHeaders),
    request_body = ReasonBody,
    responses(Changed<ServiceAccountView>, Missing, WriteProblems),
    extensions(("x-tollgate-permission" = json!("service_account.write")))
)]
pub(crate) async fn enable_service_account(
    ask: Ask<ServiceAccountWrite, Id<PrincipalId>>,
) -> Result<Response, Instead> {
    let effect = ask.once(enable(&ask, Kind::ServiceAccount)).await?;
    written::<_, _, _, ServiceAccountView>(&ask, effect, StatusCode::OK).await
}
