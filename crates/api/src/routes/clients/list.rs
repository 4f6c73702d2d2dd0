//! `GET /v1/clients`

use axum::response::Response;
use domain::{Environment, Name, Scope, access::Reach, api_client::ClientKind};
use projections::{
    ClientStatus,
    queries::{
        clients::{self, ClientFilter, ClientRow, LabelFilter},
        order::Order,
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::ClientView;
use crate::{
    as_of::{AsOf, Of},
    docs::{Listed, PastProblems, ReadProblems, form},
    guard::{Allowed, needs::ClientRead},
    problem::Problem,
    query::{Cursor, Limit, Params, parsed},
    values::Moment,
};

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientStatus, inline, required = false)]
    status: Option<ClientStatus>,
    #[param(value_type = form::ClientKind, inline, required = false)]
    kind: Option<ClientKind>,
    #[param(value_type = form::Name, inline, required = false)]
    owner_team: Option<Name>,
    /// One that the client may use.
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    /// One that the client holds.
    #[param(value_type = form::Scope, inline, required = false)]
    scope: Option<Scope>,
    /// The name of a label, or `name=value`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::Label, inline, required = false)]
    label: Option<LabelFilter>,
    /// A part of the name, in any case.
    #[param(value_type = form::Name, inline, required = false)]
    name_contains: Option<Name>,
    /// What the name begins with, in any case.
    #[param(value_type = form::Name, inline, required = false)]
    name_prefix: Option<Name>,
    /// Registered then or later.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    created_from: Option<Moment>,
    /// Registered before then.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    created_before: Option<Moment>,
    /// Fields with commas between them, `-` for backwards. Where all of them are equal the id decides.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientSort, inline, required = false)]
    sort: Option<Order<ClientRow>>,
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

/// List clients
///
/// In the order of their registration unless sorted.
#[utoipa::path(
    get,
    path = "/v1/clients",
    operation_id = "list_clients",
    tag = "clients",
    params(List),
    responses(Listed<ClientView>, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("client.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<ClientRead>,
    Params(asked): Params<List>,
) -> Result<Response, Problem> {
    let List { sort, as_of, limit, cursor, .. } = asked.clone();
    let filter = asked.filter(allowed.reach());
    let sought = cursor.seek(sort, &(&filter, as_of), limit)?;
    let reading = allowed.reading(as_of, Of::Everything).await?;
    let rows = clients::sorted(&reading.model, &filter, &sought.seek).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(reading.answer(sought.page::<ClientView>(rows)))
}

impl List {
    fn filter(self, reach: Reach) -> ClientFilter {
        ClientFilter {
            reach,
            status: self.status,
            kind: self.kind,
            owner_team: self.owner_team.map(String::from),
            environment: self.environment,
            name_contains: self.name_contains.map(String::from),
            name_prefix: self.name_prefix.map(String::from),
            scope: self.scope,
            label: self.label,
            registered_from: self.created_from.map(|Moment(time)| time),
            registered_until: self.created_before.map(|Moment(time)| time),
        }
    }
}
