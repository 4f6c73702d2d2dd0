//! `GET /v1/clients/{id}`

use axum::response::Response;
use domain::ClientId;

use super::view::ClientView;
use crate::{
    answer::found,
    as_of::Then,
    docs::{ClientPath, Found, Missing, PastProblems, ReadProblems},
    guard::{Allowed, needs::ClientRead},
    path::Id,
    problem::Problem,
    query::Params,
};

/// Show a client
#[utoipa::path(
    get,
    path = "/v1/clients/{id}",
    operation_id = "get_client",
    tag = "clients",
    params(ClientPath, Then),
    responses(Found<ClientView>, Missing, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("client.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<ClientRead>,
    Id(id): Id<ClientId>,
    Params(Then { as_of }): Params<Then>,
) -> Result<Response, Problem> {
    found::<_, ClientView>(&allowed, id, as_of).await
}
