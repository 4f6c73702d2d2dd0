//! Weeks and months that have ended, and what clients used in them.
//!
//! How far the ends of weeks and months were looked at is a checkpoint in the outbox. Of those that ended since then only the last is
//! told: after a long absence nobody wants all that were missed. A client is told of if it made calls in that time, or in the one
//! before, so that who has ceased to call is told so once.

use std::collections::VecDeque;

use domain::{
    ClientId, Environment, Name, NoticeName, Timestamp,
    access::Reach,
    notification_rule::{About, ReportEvery},
    rate_limit_policy::{Period, TimeZoneName, WindowBounds, calendar_window},
};
use jiff::SignedDuration;
use outbox::Moved;
use projections::queries::{
    endpoints::{self, EndpointRow, EndpointsQuery, TopBy},
    usage::{self, Calls, Granularity, ReportFailure, UsageDimension, UsageFilter, UsagePlace, UsageQuery},
};

use super::second;
use crate::{
    book::{Book, KnownClient},
    notices::{TopEndpoint, UsageReport},
    occasion::{Occasion, What},
    parts::{Failure, Parts},
    rules::{ReportAsked, Wishes},
};

/// The checkpoint's name; its position is a second.
const NAME: &str = "reports";
/// Gateways tell of calls after a moment: so long after its end a week is told.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// Where nothing was flushed since then, as when nobody calls, or the counting is behind: so long it is waited for.
const WAIT_MAX: SignedDuration = SignedDuration::from_hours(6);
/// Clients that are read at once.
const CLIENTS_AT_ONCE: u32 = 100;
const ENDPOINTS_MAX: u32 = 5;

/// What has ended, and is to be told.
pub(super) struct Due {
    pub(super) told: Vec<Ended>,
    pub(super) moved: Moved,
}

/// A week or a month that has ended, for those whom a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    about: About,
    every: ReportEvery,
    time_zone: TimeZoneName,
    window: WindowBounds,
}

/// None where nothing has ended since the last look, or it is not counted yet.
pub(super) async fn due(parts: &Parts, wishes: &Wishes, now: Timestamp) -> Result<Option<Due>, Failure> {
    if !wishes.want(NoticeName::UsageReport) {
        return Ok(None);
    }
    let from = parts.outbox.checkpoint(NAME).await?;
    let moved = Moved { name: NAME.to_owned(), from, to: second(now) };
    // What had ended before anybody looked is told to nobody.
    let Some(since) = from else { return Ok(Some(Due { told: vec![], moved })) };
    let settled = now.saturating_sub(SETTLED_AFTER).unwrap_or(now);
    let since_s = i64::try_from(since.get()).unwrap_or(i64::MAX);
    let mut told: Vec<Ended> = vec![];
    for asked in wishes.reports() {
        let ended = Ended::last(&asked, settled);
        let is_new = ended.window.end.saturating_add(SETTLED_AFTER.as_secs()) > since_s;
        if is_new && asked.since.as_second() <= ended.window.end && !told.contains(&ended) {
            told.push(ended);
        }
    }
    let Some(last_s) = told.iter().map(|ended| ended.window.end).max() else { return Ok(None) };
    let counted = usage::counted_until(&parts.read).await?;
    let is_counted = counted.is_some_and(|until| until.as_second() >= last_s);
    let waited = now.as_second().saturating_sub(last_s) >= WAIT_MAX.as_secs();
    Ok((is_counted || waited).then_some(Due { told, moved }))
}

impl Ended {
    /// The last that had ended by then.
    fn last(asked: &ReportAsked, by: Timestamp) -> Self {
        let ReportAsked { about, every, time_zone, since: _ } = asked.clone();
        let running = calendar_window(period(every), &time_zone.zone(), by.as_second());
        Self { about, every, time_zone, window: running }.before()
    }

    /// All that ended between these, the newest first.
    pub(crate) fn between(asked: &ReportAsked, from: Timestamp, until: Timestamp) -> Vec<Self> {
        let first = Self::last(asked, until);
        let ended = std::iter::successors(Some(first), |later| Some(later.before()));
        ended.take_while(|ended| ended.window.end > from.as_second()).collect()
    }

    /// The one right before.
    fn before(&self) -> Self {
        let window =
            calendar_window(period(self.every), &self.time_zone.zone(), self.window.start.saturating_sub(1));
        Self { window, ..self.clone() }
    }

    fn query(&self, after: Option<UsagePlace>, rows_max: u32) -> UsageQuery {
        let About { client_id, team, environment } = self.about.clone();
        UsageQuery {
            from: at(self.window.start),
            until: at(self.window.end),
            granularity: Granularity::Total,
            zone: self.time_zone.zone(),
            group_by: [UsageDimension::Client].into(),
            filter: UsageFilter { owner_team: team, client_id, environment, ..UsageFilter::default() },
            after,
            rows_max,
            // A rule is made by those who may read what it is about.
            reach: Reach::Everything,
        }
    }

    /// The calls of one client.
    async fn calls_of(&self, book: &Book, client: ClientId) -> Result<(Calls, u64), Failure> {
        let mut query = self.query(None, 1);
        query.filter.client_id = Some(client);
        let report = usage::report(book.read(), &query).await.map_err(unreported)?;
        Ok((report.rows.first().map(|row| row.calls).unwrap_or_default(), report.batch_no))
    }
}

/// What has ended, client by client: those with calls in it, then those with calls only in the time before.
pub(crate) struct Clients<'of> {
    ended: &'of Ended,
    /// Still to be read, and how far that is.
    left: VecDeque<Ended>,
    after: Option<UsagePlace>,
}

impl<'of> Clients<'of> {
    pub(crate) fn of(ended: &'of Ended) -> Self {
        Self { ended, left: [ended.clone(), ended.before()].into(), after: None }
    }

    /// Some more of them; none at the end.
    pub(crate) async fn next(&mut self, book: &Book) -> Result<Option<Vec<Occasion>>, Failure> {
        let Some(reading) = self.left.front() else { return Ok(None) };
        let query = reading.query(self.after.take(), CLIENTS_AT_ONCE);
        let report = usage::report(book.read(), &query).await.map_err(unreported)?;
        let is_before = reading != self.ended;
        self.after = report.next;
        if self.after.is_none() {
            self.left.pop_front();
        }
        let mut occasions = vec![];
        for row in report.rows {
            let Some(client_id) = row.client_id else { continue };
            let (calls, batch_no) = if is_before {
                self.ended.calls_of(book, client_id).await?
            } else {
                (row.calls, report.batch_no)
            };
            if is_before && calls.total > 0 {
                continue;
            }
            let Some(client) = book.client(client_id).await? else { continue };
            occasions.push(self.occasion(book, client, calls, batch_no).await?);
        }
        Ok(Some(occasions))
    }

    async fn occasion(
        &self,
        book: &Book,
        client: KnownClient,
        calls: Calls,
        batch_no: u64,
    ) -> Result<Occasion, Failure> {
        let Ended { about, every, time_zone, window } = self.ended.clone();
        let (previous, _) = self.ended.before().calls_of(book, client.told.id).await?;
        let day = |second| at(second).to_zoned(time_zone.zone()).date();
        let told = UsageReport {
            environment: about.environment.clone(),
            every,
            window_start: at(window.start),
            window_end: at(window.end),
            first_day: day(window.start),
            last_day: day(window.end.saturating_sub(1)),
            calls: calls.total,
            allowed: calls.allowed,
            rate_limited: calls.rate_limited,
            quota_exceeded: calls.quota_exceeded,
            unauthenticated: calls.unauthenticated,
            forbidden: calls.forbidden,
            previous_calls: previous.total,
            top_endpoints: self.endpoints(book, client.told.id).await?,
            batch_no,
            client: client.told.clone(),
            time_zone,
        };
        Ok(Occasion {
            window: window_of(&told),
            at: told.window_end,
            what: What::Report(Box::new(told)),
            position: None,
            environment: about.environment,
            facts: client.facts(),
            client: Some(client),
            sharing: vec![],
            named: vec![],
            cancel_key: None,
        })
    }

    async fn endpoints(&self, book: &Book, client_id: ClientId) -> Result<Vec<TopEndpoint>, Failure> {
        let Ended { about, window, .. } = self.ended;
        let environment = about.environment.clone();
        let query = EndpointsQuery {
            from: at(window.start),
            until: at(window.end),
            filter: UsageFilter { client_id: Some(client_id), environment, ..UsageFilter::default() },
            by: TopBy::Calls,
            rows_max: ENDPOINTS_MAX,
            reach: Reach::Everything,
        };
        let report = endpoints::report(book.read(), &query).await.map_err(unreported)?;
        Ok(report.rows.into_iter().map(endpoint).collect())
    }
}

/// Of another zone, or of one environment instead of all, it is another report.
fn window_of(told: &UsageReport) -> String {
    let every = match told.every {
        ReportEvery::Week => "week",
        ReportEvery::Month => "month",
    };
    let there = told.environment.as_ref().map_or("", Environment::as_str);
    format!("{every}/{}/{there}/{}", told.time_zone.as_str(), told.window_start)
}

fn endpoint(row: EndpointRow) -> TopEndpoint {
    let EndpointRow { route_id, name, calls, .. } = row;
    TopEndpoint {
        route_id,
        name: name.and_then(|name| name.parse::<Name>().ok()),
        calls: calls.total,
        refused: calls.total.saturating_sub(calls.allowed),
    }
}

fn period(every: ReportEvery) -> Period {
    match every {
        ReportEvery::Week => Period::Week,
        ReportEvery::Month => Period::Month,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or_default()
}

/// A window by itself is never too many.
pub(crate) fn unreported(failure: ReportFailure) -> Failure {
    match failure {
        ReportFailure::Read(failure) => Failure::Read(failure),
        ReportFailure::TooManyWindows(too_many) => Failure::Report(too_many),
    }
}
