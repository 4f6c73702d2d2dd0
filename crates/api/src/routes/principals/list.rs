//! `GET /v1/principals`

use axum::response::Response;
use domain::{Name, PrincipalId};
use projections::{
    PrincipalKind, PrincipalStatus,
    queries::principals::{self, PrincipalFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::PersonView;
use crate::{
    as_of::{AsOf, Of},
    docs::{Listed, PastProblems, ReadProblems, form},
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
    /// A position of the log or a time: the list as it stood then, which must be within the first events of the log, as
    /// many as a server folds for one answer (50,000 unless set otherwise).
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::AsOf, inline, required = false)]
    as_of: Option<AsOf>,
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
    responses(Listed<PersonView>, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("principal.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<PrincipalRead>,
    Params(asked): Params<List>,
) -> Result<Response, Problem> {
    let List { status, name_contains, as_of, limit, cursor } = asked;
    let filter = PrincipalFilter { status, name_contains: name_contains.map(String::from), team: None };
    let page = cursor.page::<PrincipalId>(limit)?;
    let reading = allowed.reading(as_of, Of::Everything).await?;
    let rows =
        principals::list(&reading.model, PrincipalKind::Person, &filter, &allowed.reach(), &page).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(reading.answer(Page::<PersonView>::of(rows, limit, |row| row.principal_id)))
}
