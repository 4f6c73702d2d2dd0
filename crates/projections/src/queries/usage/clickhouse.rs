//! The question of a usage report as `ClickHouse` is asked it, and its answer. ADR 0044 has the tables, and the way there.
//!
//! Nothing is written into the text of a statement but our own words: every value is a parameter, sent beside it as
//! `param_p1` and so on.

use std::future::Future;

use domain::access::{Limits, Reach};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{
    Calls, Counted, Granularity, ReportFailure, UsageDimension, UsageFilter, UsagePlace, UsageQuery,
    UsageReport, Windows, instant, store::UsageStore,
};
use crate::ReadFailure;

/// A statement with its parameters, in their order: `p1`, `p2` and so on, all of them texts or numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub sql: String,
    pub parameters: Vec<String>,
}

/// Sends statements to a server, over HTTP or otherwise, and gives back the rows as JSON, one a line (`JSONEachRow`).
pub trait ClickHouseServer: Sync {
    /// # Errors
    /// When the server did not answer, or refused.
    fn ask(&self, statement: Statement) -> impl Future<Output = Result<String, ReadFailure>> + Send;
}

/// Usage facts that are kept in `ClickHouse`.
#[derive(Debug)]
pub struct ClickHouse<Server> {
    pub server: Server,
}

impl<Server: ClickHouseServer> UsageStore for ClickHouse<Server> {
    async fn usage(&self, query: &UsageQuery) -> Result<UsageReport, ReportFailure> {
        let windows = query.windows()?;
        let covered: Covered = line(self.server.ask(covered()).await?.lines().next().unwrap_or_default())?;
        let answer = self.server.ask(statement(query, &windows)).await?;
        let mut rows = answer.lines().map(line::<Answered>).collect::<Result<Vec<_>, _>>()?;
        let rows_max = usize::try_from(query.rows_max).unwrap_or(usize::MAX);
        let more = rows.len() > rows_max;
        rows.truncate(rows_max);
        let counted = rows.into_iter().map(Answered::counted).collect::<Result<Vec<_>, _>>()?;
        Ok(UsageReport {
            from: instant(windows.from_s),
            until: instant(windows.until_s),
            batch_no: covered.batch_no.get(),
            position: domain::Position::new(covered.position.get()),
            next: counted.last().filter(|_| more).map(Counted::place),
            rows: counted.into_iter().map(|counted| counted.row(&windows)).collect(),
        })
    }
}

/// How far usage is counted, and up to where it is known which client is whose.
#[derive(Debug, Deserialize)]
struct Covered {
    batch_no: Count,
    position: Count,
}

fn covered() -> Statement {
    Statement { sql: include_str!("clickhouse/covered.sql").trim_end().to_owned(), parameters: vec![] }
}

/// The report's statement.
pub(crate) fn statement(query: &UsageQuery, windows: &Windows) -> Statement {
    let mut asking = Asking::default();
    let asked = |dimension, column, none| if query.group_by.contains(&dimension) { column } else { none };
    let window = asking.window(query.granularity, &query.zone, windows);
    let head = include_str!("clickhouse/report.sql")
        .trim_end()
        .replace("{window}", &window)
        .replace(
            "{owner_team}",
            asked(
                UsageDimension::OwnerTeam,
                "dictGetOrDefault('client_owners', 'owner_team', client_id, '')",
                "''",
            ),
        )
        .replace("{client_id}", asked(UsageDimension::Client, "client_id", "''"))
        .replace("{key_id}", asked(UsageDimension::Key, "key_id", "''"))
        .replace("{secret_version}", asked(UsageDimension::SecretVersion, "secret_version", "toUInt32(0)"))
        .replace("{route_id}", asked(UsageDimension::Route, "route_id", "''"))
        .replace("{environment}", asked(UsageDimension::Environment, "environment", "''"))
        .replace("{grain}", if windows.by_minutes { "usage_minute" } else { "usage_quarter" })
        .replace("{from}", &asking.number(windows.from_s))
        .replace("{until}", &asking.number(windows.until_s));
    let mut sql = head;
    for condition in asking.conditions(&query.filter, &query.reach) {
        sql.push_str("\n   and ");
        sql.push_str(&condition);
    }
    sql.push_str("\n group by place");
    if let Some(place) = &query.after {
        sql.push_str(&format!("\nhaving place > {}", asking.place(place, windows)));
    }
    sql.push_str(&format!(
        "\n order by place\n limit {}",
        asking.number(query.rows_max.saturating_add(1).into())
    ));
    sql.push_str("\nformat JSONEachRow");
    Statement { sql, parameters: asking.parameters }
}

#[derive(Default)]
struct Asking {
    parameters: Vec<String>,
}

impl Asking {
    fn text(&mut self, text: &str) -> String {
        self.parameters.push(text.to_owned());
        format!("{{p{}:String}}", self.parameters.len())
    }

    fn number(&mut self, number: i64) -> String {
        self.parameters.push(number.to_string());
        format!("{{p{}:Int64}}", self.parameters.len())
    }

    /// Where a row's window begins, in Unix seconds. Here the server knows the clocks of the zone.
    fn window(&mut self, granularity: Granularity, zone: &TimeZone, windows: &Windows) -> String {
        let name = zone.iana_name().unwrap_or("UTC");
        let start = match granularity {
            Granularity::Minute => return "toUnixTimestamp(start)".to_owned(),
            Granularity::Quarter => return "toUnixTimestamp(toStartOfFifteenMinutes(start))".to_owned(),
            Granularity::Total => return format!("toInt64({})", self.number(windows.from_s)),
            Granularity::Hour => "toStartOfHour(start, zone)",
            Granularity::Day => "toStartOfDay(start, zone)",
            Granularity::Week => "toDateTime(toMonday(start, zone), zone)",
            Granularity::Month => "toDateTime(toStartOfMonth(start, zone), zone)",
        };
        format!("toUnixTimestamp({})", start.replace("zone", &self.text(name)))
    }

    fn conditions(&mut self, filter: &UsageFilter, reach: &Reach) -> Vec<String> {
        let UsageFilter { owner_team, client_id, key_id, secret_version, route_id, environment } = filter;
        let mut all = vec![];
        if let Some(team) = owner_team {
            all.push(self.of_team(team.as_str()));
        }
        let texts = [
            ("client_id", client_id.map(|id| id.to_string())),
            ("key_id", key_id.map(|id| id.to_string())),
            ("route_id", route_id.map(|id| id.to_string())),
            ("environment", environment.as_ref().map(ToString::to_string)),
        ];
        for (column, text) in texts.into_iter().filter_map(|(column, text)| Some((column, text?))) {
            all.push(format!("{column} = {}", self.text(&text)));
        }
        if let Some(version) = secret_version {
            all.push(format!("secret_version = {}", self.number((*version).into())));
        }
        if let Reach::Within(limits) = reach {
            let either: Vec<_> = limits.iter().filter_map(|limits| self.within(limits)).collect();
            all.push(if either.is_empty() {
                "1 = 0".to_owned()
            } else {
                format!("({})", either.join(" or "))
            });
        }
        all
    }

    fn of_team(&mut self, team: &str) -> String {
        format!("dictGetOrDefault('client_owners', 'owner_team', client_id, '') = {}", self.text(team))
    }

    /// None where nothing can be within the limits.
    fn within(&mut self, limits: &Limits) -> Option<String> {
        if limits.is_empty() {
            return None;
        }
        let Limits { team, environments } = limits;
        let mut all = vec![];
        if let Some(team) = team {
            all.push(self.of_team(team.as_str()));
        }
        if let Some(names) = environments {
            let names: Vec<_> = names.iter().map(|name| self.text(name.as_str())).collect();
            all.push(format!("environment in ({})", names.join(", ")));
        }
        Some(format!("({})", all.join(" and ")))
    }

    fn place(&mut self, place: &UsagePlace, windows: &Windows) -> String {
        let UsagePlace(window_s, team, client, key, version, route, environment) = place;
        let window = self.number(windows.as_now(*window_s));
        let named: Vec<_> = [team, client, key].into_iter().map(|text| self.text(text)).collect();
        let version = self.number(i64::from(*version));
        let rest: Vec<_> = [route, environment].into_iter().map(|text| self.text(text)).collect();
        format!("tuple({window}, {}, {version}, {})", named.join(", "), rest.join(", "))
    }
}

/// A row as the server tells it. Numbers of 64 bits come in quotes.
#[derive(Debug, Deserialize)]
struct Answered {
    place: UsagePlace,
    #[serde(flatten)]
    calls: Quoted,
}

#[derive(Debug, Deserialize)]
struct Quoted {
    allowed: Count,
    rate_limited: Count,
    quota_exceeded: Count,
    unauthenticated: Count,
    forbidden: Count,
    total: Count,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(untagged)]
enum Count {
    Number(u64),
    #[serde(deserialize_with = "quoted")]
    Quoted(u64),
}

fn quoted<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

impl Count {
    fn get(self) -> u64 {
        match self {
            Self::Number(count) | Self::Quoted(count) => count,
        }
    }
}

impl Answered {
    fn counted(self) -> Result<Counted, ReadFailure> {
        let Self { place, calls } = self;
        let calls = Calls {
            allowed: calls.allowed.get(),
            rate_limited: calls.rate_limited.get(),
            quota_exceeded: calls.quota_exceeded.get(),
            unauthenticated: calls.unauthenticated.get(),
            forbidden: calls.forbidden.get(),
            total: calls.total.get(),
        };
        Counted::of(place, calls).map_err(|source| ReadFailure::Row { source })
    }
}

fn line<T: for<'de> Deserialize<'de>>(line: &str) -> Result<T, ReadFailure> {
    let bad = |_| crate::BadColumn { column: "row", expected: "a row of the report as JSON" };
    serde_json::from_str(line).map_err(bad).map_err(|source| ReadFailure::Row { source })
}

#[cfg(test)]
mod tests;
