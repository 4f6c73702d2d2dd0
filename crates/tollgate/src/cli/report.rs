//! `tollgate report …`.

use clap::Subcommand;

use super::{Connection, rest::Rest};

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// Calls by window and dimension
    Usage {
        /// RFC 3339
        #[arg(long)]
        from: Option<String>,
        /// RFC 3339
        #[arg(long)]
        until: Option<String>,
        /// `minute`, `quarter`, `hour`, `day` or `total`
        #[arg(long)]
        granularity: Option<String>,
        /// Dimensions by commas: `client`, `key`, `secret_version`, `route`, `environment`
        #[arg(long)]
        group_by: Option<String>,
        #[arg(long)]
        client_id: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(crate) async fn run(command: ReportCommand) -> anyhow::Result<()> {
    let ReportCommand::Usage { from, until, granularity, group_by, client_id, connection } = command;
    let mut columns = vec!["window_start".to_owned()];
    for dimension in group_by.iter().flat_map(|dimensions| dimensions.split(',')) {
        let id = matches!(dimension, "client" | "key" | "route");
        columns.push(if id { format!("{dimension}_id") } else { dimension.to_owned() });
    }
    let counts = ["allowed", "rate_limited", "quota_exceeded", "unauthenticated", "forbidden", "total"];
    columns.extend(counts.map(str::to_owned));
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let rest = Rest::new(&connection)?;
    let query = [
        ("from", from),
        ("until", until),
        ("granularity", granularity),
        ("group_by", group_by),
        ("client_id", client_id),
    ];
    rest.print(&rest.get("/reports/usage", &query).await?, &columns)
}
