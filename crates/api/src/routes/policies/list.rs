//! `GET /v1/policies`

use axum::response::Response;
use domain::{Name, rate_limit_policy::Mode};
use projections::{
    PolicyStatus,
    queries::{
        order::Order,
        policies::{self, PolicyFilter, PolicyRow},
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::PolicyView;
use crate::{
    as_of::{AsOf, Of},
    docs::{Listed, PastProblems, ReadProblems, form},
    guard::{Allowed, needs::PolicyRead},
    problem::Problem,
    query::{Cursor, Limit, Params, parsed},
};

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PolicyStatus, inline, required = false)]
    status: Option<PolicyStatus>,
    #[param(value_type = form::Mode, inline, required = false)]
    mode: Option<Mode>,
    /// A part of the name, in any case.
    #[param(value_type = form::Name, inline, required = false)]
    name_contains: Option<Name>,
    /// What the name begins with, in any case.
    #[param(value_type = form::Name, inline, required = false)]
    name_prefix: Option<Name>,
    /// Fields with commas between them, `-` for backwards. Where all of them are equal the id decides.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PolicySort, inline, required = false)]
    sort: Option<Order<PolicyRow>>,
    /// A position of the log or a time: the list as it stood then, which must be within the first events of the log, as
    /// many as a server folds for one answer (50,000 unless set otherwise). Use is in no event.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::AsOf, inline, required = false)]
    as_of: Option<AsOf>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before, of the same question.
    #[serde(default)]
    #[param(value_type = form::Cursor, inline, required = false)]
    cursor: Cursor,
}

/// List policies
///
/// In the order of their definition unless sorted.
#[utoipa::path(
    get,
    path = "/v1/policies",
    operation_id = "list_policies",
    tag = "policies",
    params(List),
    responses(Listed<PolicyView>, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("policy.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<PolicyRead>,
    Params(asked): Params<List>,
) -> Result<Response, Problem> {
    let List { sort, as_of, limit, cursor, .. } = asked.clone();
    let filter = asked.filter();
    let sought = cursor.seek(sort, &(&filter, as_of), limit)?;
    let reading = allowed.reading(as_of, Of::Everything).await?;
    let rows = policies::sorted(&reading.model, &filter, &sought.seek).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(reading.answer(sought.page::<PolicyView>(rows)))
}

impl List {
    fn filter(self) -> PolicyFilter {
        PolicyFilter {
            status: self.status,
            mode: self.mode,
            name_contains: self.name_contains.map(String::from),
            name_prefix: self.name_prefix.map(String::from),
        }
    }
}
