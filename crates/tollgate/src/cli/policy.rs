//! `tollgate policy …`.

use clap::Subcommand;
use reqwest::Method;

use super::{
    Connection,
    key::{given, post},
    limits,
    rest::Rest,
};

const COLUMNS: [&str; 5] = ["id", "name", "mode", "counting", "status"];

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Define a policy
    Define {
        #[arg(long)]
        name: String,
        /// NAME:REQUESTS/SECONDS[:BURST]; repeatable
        #[arg(long = "rate")]
        rates: Vec<String>,
        /// NAME:REQUESTS/PERIOD[@ZONE]; repeatable
        #[arg(long = "quota")]
        quotas: Vec<String>,
        /// `client`, `key` or `shared`
        #[arg(long)]
        counting: Option<String>,
        /// `enforce` or `shadow`
        #[arg(long)]
        mode: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List policies
    List {
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one policy with its assignments
    Get {
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Bind a policy to a client, a route, an environment, or, with none of them, to everyone
    Assign {
        id: String,
        #[arg(long)]
        client_id: Option<String>,
        #[arg(long)]
        route_id: Option<String>,
        #[arg(long)]
        environment: Option<String>,
        /// RFC 3339
        #[arg(long)]
        from: Option<String>,
        /// RFC 3339
        #[arg(long)]
        until: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Take an assignment back
    Unassign {
        id: String,
        assignment_id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Retire a policy that is no longer assigned
    Retire {
        id: String,
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(crate) async fn run(command: PolicyCommand) -> anyhow::Result<()> {
    match command {
        PolicyCommand::Define { name, rates, quotas, counting, mode, connection } => {
            let mut body = given([("name", Some(name)), ("counting", counting), ("mode", mode)]);
            let rates = rates.iter().map(|text| limits::rate(text)).collect::<anyhow::Result<Vec<_>>>()?;
            let quotas = quotas.iter().map(|text| limits::quota(text)).collect::<anyhow::Result<Vec<_>>>()?;
            body.insert("rates".to_owned(), rates.into());
            body.insert("quotas".to_owned(), quotas.into());
            post(&connection, "/policies", body).await
        }
        PolicyCommand::List { cursor, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/policies", &[("cursor", cursor)]).await?, &COLUMNS)
        }
        PolicyCommand::Get { id, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/policies/{id}"), &[]).await?, &[])
        }
        PolicyCommand::Assign { id, client_id, route_id, environment, from, until, connection } => {
            let fields = [
                ("client_id", client_id),
                ("route_id", route_id),
                ("environment", environment),
                ("from", from),
                ("until", until),
            ];
            post(&connection, &format!("/policies/{id}/assignments"), given(fields)).await
        }
        PolicyCommand::Unassign { id, assignment_id, connection } => {
            let rest = Rest::new(&connection)?;
            let path = format!("/policies/{id}/assignments/{assignment_id}");
            rest.print(&rest.change(Method::DELETE, &path, &format!("/policies/{id}"), None).await?, &[])
        }
        PolicyCommand::Retire { id, reason, connection } => {
            post(&connection, &format!("/policies/{id}/retire"), given([("reason", reason)])).await
        }
    }
}
