//! `GET /v1/hygiene/keys`

use axum::response::Response;
use domain::{ClientId, Environment, KeyId, Timestamp};
use http::HeaderMap;
use projections::{
    KeyStatus,
    queries::hygiene::{
        Whose,
        keys::{self, HygieneKey, KeyPlace, KeyProblem, Orphanhood},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Days;
use crate::{
    csv::Cell,
    docs::{Listing, ReadProblems, form},
    guard::{Allowed, needs::KeyRead},
    listing::{Line, form_for, listed},
    problem::{Problem, kinds},
    query::{Cursor, Limit, Page, Params, parsed},
};

/// What is wrong with the keys of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyList {
    NeverUsed,
    Unused,
    WithoutExpiry,
    NearExpiry,
    Orphaned,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `never_used`: by none of its secrets, issued at least `days` ago (absent: at all). `unused`: used, but not for `days`
    /// (90). `near_expiry`: ending within `days` (30) by expiry or planned revocation, the nearest first. `orphaned`: its client
    /// is archived, its owner's address erased, or none of the contacts can be written to.
    #[param(inline)]
    list: KeyList,
    #[param(value_type = u32, required = false, minimum = 1, maximum = 3650)]
    days: Option<Days>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    #[param(value_type = String, required = false)]
    owner_team: Option<String>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// A key that may still be used and perhaps should not be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HygieneKey)]
pub(crate) struct HygieneKeyView {
    #[schema(value_type = form::KeyId, inline)]
    key_id: KeyId,
    name: String,
    #[schema(value_type = form::ClientId, inline)]
    client_id: ClientId,
    client_name: String,
    owner_team: String,
    environment: String,
    #[schema(value_type = form::KeyStatus, inline)]
    status: KeyStatus,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    /// The earlier of expiry and planned revocation.
    ends_at: Option<Timestamp>,
    /// The latest use of any of its secrets.
    last_used_at: Option<Timestamp>,
    /// Why nobody looks after it: `client_archived`, `owner_erased`, `no_contact`; empty where somebody does.
    #[schema(example = json!(["no_contact"]))]
    orphaned_because: Vec<&'static str>,
}

/// List keys to tidy up
///
/// Keys that are active or suspended. So many keys are looked at for one page and no more: it may have fewer items than asked for,
/// even none, while there is a `next_cursor`. As CSV, which needs the permission `report.export` too, the cursor is in the header
/// `Tollgate-Next-Cursor`.
#[utoipa::path(
    get,
    path = "/v1/hygiene/keys",
    operation_id = "list_hygiene_keys",
    tag = "hygiene",
    params(Asked),
    responses(Listing<HygieneKeyView>, ReadProblems),
    extensions(("x-tollgate-permission" = json!("key.read")))
)]
pub(crate) async fn keys(
    allowed: Allowed<KeyRead>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let Asked { list, days, client_id, environment, owner_team, limit, cursor } = asked;
    let problem = list.problem(days, allowed.now());
    let whose = Whose { client_id, environment, owner_team, reach: allowed.reach() };
    let place = cursor.place::<KeyPlace>()?;
    if place.as_ref().is_some_and(|place| !problem.has(place)) {
        return Err(Problem::new(kinds::CURSOR_INVALID));
    }
    let found = keys::list(allowed.read(), problem, &whose, place.as_ref(), limit.get()).await;
    let found = found.map_err(|failure| Problem::unread(&failure))?;
    let items = found.items.into_iter().map(HygieneKeyView::from).collect();
    listed(form, "keys", Page::until(items, found.next))
}

impl KeyList {
    fn problem(self, days: Option<Days>, now: Timestamp) -> KeyProblem {
        match self {
            Self::NeverUsed => {
                // Up to the present one, which is not older than itself.
                let issued_before = days.map_or(Timestamp::MAX, |days| days.before(now));
                KeyProblem::NeverUsed { issued_before }
            }
            Self::Unused => KeyProblem::Unused { since: days.unwrap_or(Days(90)).before(now) },
            Self::WithoutExpiry => KeyProblem::WithoutExpiry,
            Self::NearExpiry => KeyProblem::NearExpiry { now, until: days.unwrap_or(Days(30)).after(now) },
            Self::Orphaned => KeyProblem::Orphaned,
        }
    }
}

fn word(reason: Orphanhood) -> &'static str {
    match reason {
        Orphanhood::ClientArchived => "client_archived",
        Orphanhood::OwnerErased => "owner_erased",
        Orphanhood::NoContact => "no_contact",
    }
}

impl From<HygieneKey> for HygieneKeyView {
    fn from(key: HygieneKey) -> Self {
        let HygieneKey { key_id, name, client_id, client_name, owner_team, environment, status, .. } = key;
        Self {
            key_id,
            name,
            client_id,
            client_name,
            owner_team,
            environment,
            status,
            created_at: key.issued_at,
            expires_at: key.expires_at,
            ends_at: key.ends_at,
            last_used_at: key.last_used_at,
            orphaned_because: key.orphanhood.into_iter().map(word).collect(),
        }
    }
}

impl Line for HygieneKeyView {
    const COLUMNS: &'static [&'static str] = &[
        "key_id",
        "name",
        "client_id",
        "client_name",
        "owner_team",
        "environment",
        "status",
        "created_at",
        "expires_at",
        "ends_at",
        "last_used_at",
        "orphaned_because",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::text(self.key_id),
            Cell::text(&self.name),
            Cell::text(self.client_id),
            Cell::text(&self.client_name),
            Cell::text(&self.owner_team),
            Cell::text(&self.environment),
            Cell::text(self.status.as_str()),
            Cell::text(self.created_at),
            Cell::text_or_empty(self.expires_at),
            Cell::text_or_empty(self.ends_at),
            Cell::text_or_empty(self.last_used_at),
            Cell::text(self.orphaned_because.join(" ")),
        ]
    }
}
