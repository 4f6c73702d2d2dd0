//! `GET /v1/access-report`

use axum::response::Response;
use domain::{ClientId, Environment, KeyId, Name, RouteId};
use http::HeaderMap;
use projections::queries::{
    access_report::{self, AccessPlace},
    hygiene::Stretch,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    filter,
    view::{AccessLine, AccessReport},
};
use crate::{
    as_of::{AsOf, Of},
    csv,
    docs::{PastProblems, ReadProblems, WholeReport, form},
    guard::{Allowed, needs::ReportRead},
    listing::{Line as _, form_for},
    negotiate::Form,
    problem::{Problem, kinds},
    query::{Cursor, Limit, Page, Params, parsed},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
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
    #[param(value_type = form::Name, inline, required = false)]
    owner_team: Option<Name>,
    /// A position of the log or a time: the access as it stood then, which must be within the first events of the log, as many
    /// as a server folds for one answer (50,000 unless set otherwise). At a position it is judged by the time of its event.
    #[serde(default, deserialize_with = "parsed")]
    #[param(value_type = form::AsOf, inline, required = false)]
    as_of: Option<AsOf>,
    #[serde(default)]
    #[param(value_type = u32, required = false, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// The `next_cursor` of the page before, of the same question.
    #[serde(default)]
    #[param(value_type = String, required = false)]
    cursor: Cursor,
}

/// Report who can call what
///
/// Each key that can be used at that moment, with each route that its scopes open and the limits that bind such calls. By key and
/// then by route. So many keys are looked at for one page and no more: it may have fewer items than asked for, even none, while
/// there is a `next_cursor`. As CSV, which needs the permission `report.export` too, it is the whole report in one answer, without
/// `limit` and `cursor`; a limit of the present is one of the moment of the answer.
#[utoipa::path(
    get,
    path = "/v1/access-report",
    operation_id = "report_access",
    tag = "reports",
    params(Asked),
    responses(WholeReport<AccessReport>, PastProblems, ReadProblems),
    extensions(("x-tollgate-permission" = json!("report.read")))
)]
pub(crate) async fn list(
    allowed: Allowed<ReportRead>,
    headers: HeaderMap,
    Params(asked): Params<Asked>,
) -> Result<Response, Problem> {
    let form = form_for(&allowed, &headers)?;
    let Asked { client_id, key_id, route_id, environment, owner_team, as_of, limit, cursor } = asked;
    let filter = filter(&allowed, (client_id, key_id, route_id), environment, owner_team);
    let place = cursor.place::<AccessPlace>()?;
    let reading = allowed.reading(as_of, Of::Everything).await?;
    let at = allowed.moment(as_of).await?;
    let unread = |failure| Problem::unread(&failure);
    if form == Form::Csv {
        let rows_max = allowed.door().settings().report_rows_max;
        let all = access_report::whole(&reading.model, &filter, at, rows_max).await.map_err(unread)?;
        let too_large = || Problem::new(kinds::REPORT_TOO_LARGE).with("rows_max", rows_max);
        let lines: Vec<_> = all.ok_or_else(too_large)?.into_iter().map(AccessLine::from).collect();
        let written = csv::write(AccessLine::COLUMNS.iter().copied(), lines.iter().map(AccessLine::cells));
        return Ok(reading.said(csv::answer("access", written)?));
    }
    let place = place.unwrap_or_default();
    let Stretch { items, next } =
        access_report::list(&reading.model, &filter, at, place, limit.get()).await.map_err(unread)?;
    let page = Page::until(items.into_iter().map(AccessLine::from).collect(), next);
    Ok(reading.answer(AccessReport::of(at, page)))
}
