//! `GET /v1/clients/{id}`

use axum::response::Response;
use domain::ClientId;

use super::view::ClientView;
use crate::{
    answer::found,
    docs::{ClientPath, Found, Missing, ReadProblems},
    guard::{Allowed, needs::ClientRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a client
#[utoipa::path(
    get,
    path = "/v1/clients/{id}",
    operation_id = "get_client",
    tag = "clients",
    params(ClientPath),
    responses(Found<ClientView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("client.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<ClientRead>,
    Id(id): Id<ClientId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, ClientView>(&allowed, id).await
}
