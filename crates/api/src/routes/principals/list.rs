//! `GET /v1/principals`

use axum::Json;
use domain::{Name, PrincipalId};
use projections::{
    PrincipalKind, PrincipalStatus,
    queries::principals::{self, PrincipalFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::PersonView;
use crate::{
    docs::{Listed, ReadProblems, form},
    guard::{Allowed, needs::PrincipalRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PrincipalStatus, inline, required = false)]
    status: Option<PrincipalStatus>,
    /// A part of the name, in any case.
    #[param(value_type = form::Name, inline, required = false)]
    name_contains: Option<Name>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// List people
///
/// In the order in which they were added.
#[utoipa::path(
    get,
    path = "/v1/principals",
    operation_id = "list_people",
    tag = "access",
    params(List),
    responses(Listed<PersonView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("principal.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<PrincipalRead>,
    Params(asked): Params<List>,
) -> Result<Json<Page<PersonView>>, Problem> {
    let List { status, name_contains, limit, cursor } = asked;
    let filter = PrincipalFilter { status, name_contains: name_contains.map(String::from), team: None };
    let page = cursor.page::<PrincipalId>(limit)?;
    let rows =
        principals::list(allowed.read(), PrincipalKind::Person, &filter, &allowed.reach(), &page).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(Json(Page::of(rows, limit, |row| row.principal_id)))
}
