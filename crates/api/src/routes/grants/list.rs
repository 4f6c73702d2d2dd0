//! `GET /v1/grants`

use axum::response::Response;
use domain::{Environment, GrantId, Name, PrincipalId, access::Role};
use projections::{
    GrantStatus,
    queries::grants::{self, GrantFilter},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::GrantView;
use crate::{
    as_of::{AsOf, Of},
    docs::{Listed, PastProblems, ReadProblems, form},
    guard::{Allowed, needs::GrantRead},
    problem::Problem,
    query::{Cursor, Limit, Page, Params, parsed},
    values::Moment,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PrincipalId, inline, required = false)]
    principal_id: Option<PrincipalId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::Role, inline, required = false)]
    role: Option<Role>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::GrantStatus, inline, required = false)]
    status: Option<GrantStatus>,
    /// Of the scope.
    #[param(value_type = form::Name, inline, required = false)]
    team: Option<Name>,
    /// One of the scope's.
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    /// Given by then, not withdrawn, and not ended.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    in_force_at: Option<Moment>,
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

/// List grants
///
/// In the order in which they were given, withdrawn ones too unless filtered.
#[utoipa::path(
    get,
    path = "/v1/grants",
    operation_id = "list_grants",
    tag = "access",
    params(List),
    responses(Listed<GrantView>, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("grant.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<GrantRead>,
    Params(asked): Params<List>,
) -> Result<Response, Problem> {
    let List { principal_id, role, status, team, environment, in_force_at, as_of, limit, cursor } = asked;
    let filter = GrantFilter {
        principal_id,
        role,
        status,
        team: team.map(String::from),
        environment: environment.map(String::from),
        in_force_at: in_force_at.map(|Moment(time)| time),
    };
    let page = cursor.page::<GrantId>(limit)?;
    let reading = allowed.reading(as_of, Of::Everything).await?;
    let rows = grants::list(&reading.model, &filter, &allowed.reach(), &page).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(reading.answer(Page::<GrantView>::of(rows, limit, |row| row.grant_id)))
}
