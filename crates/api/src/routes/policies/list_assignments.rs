//! `GET /v1/assignments`

use axum::response::Response;
use domain::{ClientId, Environment, PolicyId, RouteId, access::Reach};
use projections::queries::{
    order::Order,
    policies::{self, AssignmentFilter, AssignmentRow},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::AssignmentView;
use crate::{
    as_of::{AsOf, Of},
    docs::{Listed, PastProblems, ReadProblems, form},
    guard::{Allowed, needs::PolicyRead},
    problem::Problem,
    query::{Cursor, Limit, Params, parsed},
    values::Moment,
};

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::PolicyId, inline, required = false)]
    policy_id: Option<PolicyId>,
    /// One that the assignment names.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    /// One that the assignment names.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::RouteId, inline, required = false)]
    route_id: Option<RouteId>,
    /// One that the assignment names.
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    /// Begun by then, and not ended.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    in_force_at: Option<Moment>,
    /// Fields with commas between them, `-` for backwards. Where all of them are equal the id decides.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::AssignmentSort, inline, required = false)]
    sort: Option<Order<AssignmentRow>>,
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

/// List assignments
///
/// Whom policies bind, in the order in which it was said.
#[utoipa::path(
    get,
    path = "/v1/assignments",
    operation_id = "list_assignments",
    tag = "policies",
    params(List),
    responses(Listed<AssignmentView>, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("policy.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<PolicyRead>,
    Params(asked): Params<List>,
) -> Result<Response, Problem> {
    let List { sort, as_of, limit, cursor, .. } = asked.clone();
    let filter = asked.filter(allowed.reach());
    let sought = cursor.seek(sort, &(&filter, as_of), limit)?;
    let reading = allowed.reading(as_of, Of::Everything).await?;
    let rows = policies::sorted_assignments(&reading.model, &filter, &sought.seek).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(reading.answer(sought.page::<AssignmentView>(rows)))
}

impl List {
    fn filter(self, reach: Reach) -> AssignmentFilter {
        AssignmentFilter {
            reach,
            policy_id: self.policy_id,
            client_id: self.client_id,
            route_id: self.route_id,
            environment: self.environment,
            in_force_at: self.in_force_at.map(|Moment(time)| time),
        }
    }
}
