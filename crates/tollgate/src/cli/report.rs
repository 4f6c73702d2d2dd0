//! `tollgate report …`.

mod asked;
mod columns;

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Map, Value};

use self::{
    asked::{Of, Pages, Span, Whose, Window},
    columns::{ACCESS, CHANGES, COUNTS, ENDPOINTS, QUOTAS, THROTTLING, columns},
};
use super::{Connection, rest::Rest};

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Calls by window and dimension
    Usage {
        #[command(flatten)]
        window: Window,
        /// Dimensions by commas: `owner_team`, `client`, `key`, `secret_version`, `route`, `environment`
        #[arg(long)]
        group_by: Option<String>,
        /// Whose days, weeks and months: an IANA name
        #[arg(long)]
        time_zone: Option<String>,
        /// `previous`: beside the calls of the period before
        #[arg(long)]
        compare: Option<String>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        pages: Pages,
        #[command(flatten)]
        connection: Connection,
    },
    /// Write a usage report to a file of the server, for one that is too large to be waited for
    Export {
        /// `csv` or `parquet`
        #[arg(long, default_value = "csv")]
        format: String,
        #[command(flatten)]
        window: Window,
        /// Dimensions by commas: `owner_team`, `client`, `key`, `secret_version`, `route`, `environment`
        #[arg(long)]
        group_by: Option<String>,
        /// Whose days, weeks and months: an IANA name
        #[arg(long)]
        time_zone: Option<String>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        connection: Connection,
    },
    /// Download what `export` has written
    Download {
        /// Of the operation
        id: String,
        file: PathBuf,
        #[command(flatten)]
        connection: Connection,
    },
    /// Endpoints by calls, errors, latency, throttling or clients
    TopEndpoints {
        /// The most of which
        #[arg(long)]
        by: Option<String>,
        #[command(flatten)]
        span: Span,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        connection: Connection,
    },
    /// Who was refused by which limit, since when and for how long
    Throttling {
        #[arg(long)]
        route_id: Option<String>,
        #[arg(long)]
        policy_id: Option<String>,
        #[arg(long)]
        limit_name: Option<String>,
        #[command(flatten)]
        span: Span,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        connection: Connection,
    },
    /// From how many addresses each client called, in days of UTC
    Addresses {
        #[command(flatten)]
        window: Window,
        /// Dimensions by commas: `client`, `environment`
        #[arg(long)]
        group_by: Option<String>,
        #[arg(long)]
        owner_team: Option<String>,
        #[arg(long)]
        client_id: Option<String>,
        #[arg(long)]
        environment: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// How much of each calendar quota is used, and when it will be used up
    Quotas {
        /// A moment before, RFC 3339
        #[arg(long)]
        at: Option<String>,
        #[arg(long)]
        client_id: Option<String>,
        #[arg(long)]
        policy_id: Option<String>,
        #[arg(long)]
        environment: Option<String>,
        #[arg(long)]
        limit: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Count whole days again from what gateways told, and compare
    Reconciliation {
        #[command(flatten)]
        span: Span,
        #[command(flatten)]
        connection: Connection,
    },
    /// What policies in shadow would have refused
    Shadow {
        #[command(flatten)]
        window: Window,
        /// Dimensions by commas: `limit`, `client`, `route`, `environment`
        #[arg(long)]
        group_by: Option<String>,
        #[arg(long)]
        policy_id: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Which keys can call which routes with which limits
    Access {
        /// A position of the log or a time: as it stood then
        #[arg(long)]
        as_of: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        connection: Connection,
    },
    /// What has changed about that between two positions or times
    AccessChanges {
        from: String,
        /// Absent: now
        until: Option<String>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        connection: Connection,
    },
}

#[expect(clippy::too_many_lines, reason = "an arm for each command")]
pub(crate) async fn run(command: ReportCommand) -> anyhow::Result<()> {
    match command {
        ReportCommand::Usage { window, group_by, time_zone, compare, whose, pages, connection } => {
            let counts = COUNTS.iter().chain(compare.as_ref().map(|_| &"previous.total")).copied();
            let columns = columns(&["window_start"], group_by.as_deref(), &counts.collect::<Vec<_>>());
            let own = [("group_by", group_by), ("time_zone", time_zone), ("compare", compare)];
            let pages = [("limit", pages.limit), ("cursor", pages.cursor)];
            let query = window.query().into_iter().chain(own).chain(whose.query()).chain(pages);
            shown(&connection, "/reports/usage", query, &columns).await
        }
        ReportCommand::Export { format, window, group_by, time_zone, whose, connection } => {
            let rest = Rest::new(&connection)?;
            let own = [("format", Some(format)), ("time_zone", time_zone)];
            let given = window.query().into_iter().chain(own).chain(whose.query());
            let answer = rest.post("/reports/exports", &order(given, group_by.as_deref())).await?;
            rest.print(&answer, &[])
        }
        ReportCommand::Download { id, file, connection } => {
            Rest::new(&connection)?.download(&format!("/reports/exports/{id}/file"), &[], &file).await
        }
        ReportCommand::TopEndpoints { by, span, of, connection } => {
            let query = span.query().into_iter().chain(of.query()).chain([("by", by)]);
            shown(&connection, "/reports/top-endpoints", query, &ENDPOINTS.map(str::to_owned)).await
        }
        ReportCommand::Throttling { route_id, policy_id, limit_name, span, of, connection } => {
            let own = [("route_id", route_id), ("policy_id", policy_id), ("limit_name", limit_name)];
            let query = span.query().into_iter().chain(of.query()).chain(own);
            shown(&connection, "/reports/throttling", query, &THROTTLING.map(str::to_owned)).await
        }
        ReportCommand::Reconciliation { span, connection } => {
            let rest = Rest::new(&connection)?;
            let answer = rest.get("/reports/reconciliation", &span.query()).await?;
            rest.print(&answer, &[])
        }
        ReportCommand::Quotas { at, client_id, policy_id, environment, limit, connection } => {
            let query = [
                ("at", at),
                ("client_id", client_id),
                ("policy_id", policy_id),
                ("environment", environment),
                ("limit", limit),
            ];
            shown(&connection, "/reports/quotas", query.into_iter(), &QUOTAS.map(str::to_owned)).await
        }
        ReportCommand::Shadow { window, group_by, policy_id, connection } => {
            let own = [("group_by", group_by.clone()), ("policy_id", policy_id)];
            let first = ["window_start", "policy_id", "policy_revision"];
            let columns = columns(&first, group_by.as_deref(), &["calls", "refused"]);
            shown(&connection, "/reports/shadow", window.query().into_iter().chain(own), &columns).await
        }
        ReportCommand::Addresses { window, group_by, owner_team, client_id, environment, connection } => {
            let columns = columns(&["window_start"], group_by.as_deref(), &["addresses"]);
            let of = [("owner_team", owner_team), ("client_id", client_id), ("environment", environment)];
            let query = window.query().into_iter().chain(of).chain([("group_by", group_by)]);
            shown(&connection, "/reports/addresses", query, &columns).await
        }
        ReportCommand::Access { as_of, cursor, whose, connection } => {
            let own = [("as_of", as_of), ("cursor", cursor)];
            let columns = ACCESS.map(str::to_owned);
            shown(&connection, "/access-report", whose.query().into_iter().chain(own), &columns).await
        }
        ReportCommand::AccessChanges { from, until, whose, connection } => {
            let own = [("from", Some(from)), ("until", until)];
            let columns = CHANGES.map(str::to_owned);
            shown(&connection, "/access-report/changes", whose.query().into_iter().chain(own), &columns).await
        }
    }
}

/// What is given, as the body that orders a usage report.
fn order(given: impl Iterator<Item = (&'static str, Option<String>)>, group_by: Option<&str>) -> Value {
    let given = given.filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?))));
    let dimensions = group_by.map(|dimensions| dimensions.split(',').map(Value::from).collect::<Vec<_>>());
    let dimensions = dimensions.map(|dimensions| ("group_by".to_owned(), Value::Array(dimensions)));
    let report = ("report".to_owned(), Value::from("usage"));
    Value::Object(given.chain(dimensions).chain([report]).collect::<Map<_, _>>())
}

async fn shown(
    connection: &Connection,
    path: &str,
    query: impl Iterator<Item = (&'static str, Option<String>)>,
    columns: &[String],
) -> anyhow::Result<()> {
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let rest = Rest::new(connection)?;
    rest.print(&rest.get(path, &query.collect::<Vec<_>>()).await?, &columns)
}
