//! `GET /v1/keys/{id}`

use axum::response::Response;
use domain::KeyId;

use super::view::KeyView;
use crate::{
    answer::found,
    as_of::Then,
    docs::{Found, KeyPath, Missing, PastProblems, ReadProblems},
    guard::{Allowed, needs::KeyRead},
    path::Id,
    problem::Problem,
    query::Params,
};

/// Show a key
#[utoipa::path(
    get,
    path = "/v1/keys/{id}",
    operation_id = "get_key",
    tag = "keys",
    params(KeyPath, Then),
    responses(Found<KeyView>, Missing, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("key.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<KeyRead>,
    Id(id): Id<KeyId>,
    Params(Then { as_of }): Params<Then>,
) -> Result<Response, Problem> {
    found::<_, KeyView>(&allowed, id, as_of).await
}
