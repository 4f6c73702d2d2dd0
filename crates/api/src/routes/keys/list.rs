//! `GET /v1/keys`

use axum::response::Response;
use domain::{ClientId, Environment, Name, Scope, access::Reach};
use projections::{
    KeyStatus,
    queries::{
        clients::LabelFilter,
        keys::{self, KeyFilter, KeyRow},
        order::Order,
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::KeyView;
use crate::{
    as_of::{AsOf, Of},
    docs::{Listed, PastProblems, ReadProblems, form},
    guard::{Allowed, needs::KeyRead},
    problem::Problem,
    query::{Cursor, Limit, Params, parsed},
    values::Moment,
};

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct List {
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::KeyStatus, inline, required = false)]
    status: Option<KeyStatus>,
    /// A part of the name, as it is written.
    #[param(value_type = form::Name, inline, required = false)]
    name_contains: Option<Name>,
    /// Of the newest secret or the one before, with or without its `…`.
    #[param(value_type = form::Name, inline, required = false)]
    hint: Option<Name>,
    /// One that the key names: keys that have whatever their client holds are left out.
    #[param(value_type = form::Scope, inline, required = false)]
    scope: Option<Scope>,
    /// Of the key's client: the name of a label, or `name=value`.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::Label, inline, required = false)]
    label: Option<LabelFilter>,
    /// Of the key's client.
    #[param(value_type = form::Name, inline, required = false)]
    owner_team: Option<Name>,
    /// Leaves out keys without an expiry, as the next does.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    expires_from: Option<Moment>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    expires_before: Option<Moment>,
    /// Issued then or later.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    created_from: Option<Moment>,
    /// Issued before then.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    created_before: Option<Moment>,
    /// Last used then or later.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    used_from: Option<Moment>,
    /// Last used before then; leaves out keys that were never used.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = String, required = false, format = DateTime)]
    used_before: Option<Moment>,
    /// `false`: never used.
    #[param(value_type = bool, required = false)]
    used: Option<bool>,
    /// Fields with commas between them, `-` for backwards. Where all of them are equal the id decides.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::KeySort, inline, required = false)]
    sort: Option<Order<KeyRow>>,
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

/// List keys
///
/// In the order of their issue unless sorted. Keys without an expiry come last by `expires_at`.
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "list_keys",
    tag = "keys",
    params(List),
    responses(Listed<KeyView>, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("key.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<KeyRead>,
    Params(asked): Params<List>,
) -> Result<Response, Problem> {
    let List { sort, as_of, limit, cursor, .. } = asked.clone();
    let filter = asked.filter(allowed.reach());
    let sought = cursor.seek(sort, &(&filter, as_of), limit)?;
    let reading = allowed.reading(as_of, Of::Everything).await?;
    let rows = keys::sorted(&reading.model, &filter, &sought.seek).await;
    let rows = rows.map_err(|failure| Problem::unread(&failure))?;
    Ok(reading.answer(sought.page::<KeyView>(rows)))
}

impl List {
    fn filter(self, reach: Reach) -> KeyFilter {
        let time = |moment: Option<Moment>| moment.map(|Moment(time)| time);
        KeyFilter {
            reach,
            key_id: None,
            client_id: self.client_id,
            environment: self.environment,
            status: self.status,
            expires_before: time(self.expires_before),
            expires_from: time(self.expires_from),
            issued_from: time(self.created_from),
            issued_before: time(self.created_before),
            name_contains: self.name_contains.map(String::from),
            hint: self.hint.map(|hint| format!("…{}", hint.as_str().trim_start_matches('…'))),
            scope: self.scope,
            label: self.label,
            owner_team: self.owner_team.map(String::from),
            used_before: time(self.used_before),
            used_from: time(self.used_from),
            used: self.used,
        }
    }
}
