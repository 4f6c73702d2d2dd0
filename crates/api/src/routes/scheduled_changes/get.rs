//! `GET /v1/scheduled-changes/{id}`

use axum::response::Response;
use domain::ScheduledChangeId;

use super::view::ChangeView;
use crate::{
    answer::found,
    docs::{ChangePath, Found, Missing, ReadProblems},
    guard::{Allowed, needs::ChangeRead},
    path::Id,
    problem::Problem,
    query::{NoParams, Params},
};

/// Show a planned change
#[utoipa::path(
    get,
    path = "/v1/scheduled-changes/{id}",
    operation_id = "get_scheduled_change",
    tag = "scheduled changes",
    params(ChangePath),
    responses(Found<ChangeView>, Missing, ReadProblems),
    extensions(("x-tollgate-permission" = json!("change.read")))
)]
pub(crate) async fn get(
    allowed: Allowed<ChangeRead>,
    Id(id): Id<ScheduledChangeId>,
    _: Params<NoParams>,
) -> Result<Response, Problem> {
    found::<_, ChangeView>(&allowed, id, None).await
}
