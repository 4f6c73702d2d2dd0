//! `GET /v1/access-report/changes`

use std::collections::BTreeMap;

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use domain::{ClientId, Environment, KeyId, Name, RouteId, Timestamp};
use http::HeaderMap;
use projections::queries::access_report::{self, AccessFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{filter, view::AccessLine};
use crate::{
    as_of::{AsOf, Of},
    csv::{self, Cell},
    docs::{PastProblems, ReadProblems, WholeReport, form},
    guard::{Allowed, needs::ReportRead},
    listing::{Line, form_for},
    negotiate::Form,
    problem::{Problem, kinds},
    query::{Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// A position of the log or a time.
    #[serde(deserialize_with = "needed")]
    #[param(value_type = form::AsOf, inline)]
    from: AsOf,
    /// A position of the log or a time. Absent: now.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::AsOf, inline, required = false)]
    until: Option<AsOf>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::ClientId, inline, required = false)]
    client_id: Option<ClientId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::KeyId, inline, required = false)]
    key_id: Option<KeyId>,
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::RouteId, inline, required = false)]
    route_id: Option<RouteId>,
    #[param(value_type = form::Environment, inline, required = false)]
    environment: Option<Environment>,
    /// Of then and of now: a client that has changed teams has left one and come to the other.
    #[param(value_type = form::Name, inline, required = false)]
    owner_team: Option<Name>,
}

fn needed<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<AsOf, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// What has changed about who can call what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessChanges {
    /// By key and then by route. What is the same at both moments is not there.
    items: Vec<AccessChange>,
    from: Timestamp,
    until: Timestamp,
}

/// A key can call a route at one of the moments alone, or otherwise at the one than at the other.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessChange {
    change: ChangeKind,
    /// Null where it was gained.
    before: Option<AccessLine>,
    /// Null where it was lost.
    after: Option<AccessLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccessChangeKind)]
pub(crate) enum ChangeKind {
    Gained,
    Lost,
    /// Other limits, another end, other addresses, or another path of the route.
    Changed,
}

/// Report what has changed about who can call what
///
/// The report of one moment held against that of another. In one answer, as JSON or as CSV, which needs the permission
/// `report.export` too; where a moment has too many lines, ask by client, team or environment.
#[utoipa::path(
    get,
    path = "/v1/access-report/changes",
    operation_id = "report_access_changes",
    tag = "reports",
    params(Asked),
    responses(WholeReport<AccessChanges>, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn changes(
    allowed: Allowed<ReportRead>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let Asked { from, until, client_id, key_id, route_id, environment, owner_team } = asked;
    let filter = filter(&allowed, (client_id, key_id, route_id), environment, owner_team);
    let (from, before) = lines(&allowed, &filter, Some(from)).await?;
    let (until, after) = lines(&allowed, &filter, until).await?;
    let items = compared(before, after);
    if form == Form::Csv {
        let names =
            ["change"].into_iter().chain(AccessLine::COLUMNS.iter().copied()).chain(["limits_before"]);
        return csv::answer("access-changes", csv::write(names, items.iter().map(AccessChange::cells)));
    }
    Ok(Json(AccessChanges { items, from, until }).into_response())
}

type Lines = BTreeMap<(KeyId, RouteId), AccessLine>;

/// Everything of one moment, which is told too.
async fn lines(
    allowed: &Allowed<ReportRead>,
    filter: &AccessFilter,
    as_of: Option<AsOf>,
) -> Result<(Timestamp, Lines), Problem> {
    let reading = allowed.reading(as_of, Of::Everything).await?;
    let at = allowed.moment(as_of).await?;
    let rows_max = allowed.door().settings().report_rows_max;
    let all = access_report::whole(&reading.model, filter, at, rows_max).await;
    let all = all.map_err(|failure| Problem::unread(&failure))?;
    let too_large = || Problem::new(kinds::REPORT_TOO_LARGE).with("rows_max", rows_max);
    let lines = all.ok_or_else(too_large)?.into_iter().map(AccessLine::from);
    Ok((at, lines.map(|line| ((line.key_id, line.route_id), line)).collect()))
}

fn compared(mut before: Lines, after: Lines) -> Vec<AccessChange> {
    let mut found: BTreeMap<(KeyId, RouteId), AccessChange> = BTreeMap::new();
    for (place, now) in after {
        let (change, before) = match before.remove(&place) {
            None => (ChangeKind::Gained, None),
            Some(then) if then.differs(&now) => (ChangeKind::Changed, Some(then)),
            Some(_) => continue,
        };
        found.insert(place, AccessChange { change, before, after: Some(now) });
    }
    let lost = |line| AccessChange { change: ChangeKind::Lost, before: Some(line), after: None };
    found.extend(before.into_iter().map(|(place, line)| (place, lost(line))));
    found.into_values().collect()
}

impl AccessChange {
    fn cells(&self) -> Vec<Cell> {
        let word = match self.change {
            ChangeKind::Gained => "gained",
            ChangeKind::Lost => "lost",
            ChangeKind::Changed => "changed",
        };
        let line = self.after.as_ref().or(self.before.as_ref());
        let line = line.map(Line::cells).unwrap_or_default();
        let before = self.before.as_ref().map(AccessLine::limits_in_words);
        [Cell::text(word)].into_iter().chain(line).chain([Cell::text_or_empty(before)]).collect()
    }
}
