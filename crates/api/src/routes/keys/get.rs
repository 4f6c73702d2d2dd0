//! `GET /v1/keys/{id}`

use axum::response::Response;
use domain::KeyId;

use super::view::KeyView;
use crate::{
    answer::found,
    docs::{Found, KeyPath, Missing, ReadProblems},
    guard::{Allowed, needs::KeyRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a key
#[utoipa::path(
    get,
    path = "/v1/keys/{id}",
    operation_id = "get_key",
    tag = "keys",
    params(KeyPath),
    responses(Found<KeyView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("key.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<KeyRead>,
    Id(id): Id<KeyId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, KeyView>(&allowed, id).await
}
