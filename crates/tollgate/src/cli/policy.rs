//! `tollgate policy …`.

use clap::Subcommand;
use reqwest::Method;

use super::{
    Connection,
    key::{given, post},
    limits,
    list::{Listing, Then},
    policy_simulate,
    rest::Rest,
};

const COLUMNS: [&str; 5] = ["id", "name", "mode", "counting", "status"];
const ASSIGNMENT_COLUMNS: [&str; 7] =
    ["id", "policy_id", "client_id", "route_id", "environment", "from", "until"];

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
        /// `active` or `retired`
        #[arg(long)]
        status: Option<String>,
        /// `enforce` or `shadow`
        #[arg(long)]
        mode: Option<String>,
        /// In any case
        #[arg(long)]
        name_contains: Option<String>,
        /// In any case
        #[arg(long)]
        name_prefix: Option<String>,
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        connection: Connection,
    },
    /// List whom policies bind
    Assignments {
        #[arg(long)]
        policy_id: Option<String>,
        /// One that the assignment names
        #[arg(long)]
        client_id: Option<String>,
        /// One that the assignment names
        #[arg(long)]
        route_id: Option<String>,
        /// One that the assignment names
        #[arg(long)]
        environment: Option<String>,
        /// RFC 3339
        #[arg(long)]
        in_force_at: Option<String>,
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one policy with its assignments
    Get {
        id: String,
        #[command(flatten)]
        then: Then,
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
    /// Replay recorded calls against a policy that is not there yet, or a change of one
    Simulate(Box<policy_simulate::SimulateFlags>),
    /// Retire a policy that is no longer assigned
    Retire {
        id: String,
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

#[expect(clippy::too_many_lines, reason = "an arm for each command")]
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
        PolicyCommand::List { status, mode, name_contains, name_prefix, listing, connection } => {
            let query = listing.query([
                ("status", status),
                ("mode", mode),
                ("name_contains", name_contains),
                ("name_prefix", name_prefix),
            ]);
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/policies", &query).await?, &COLUMNS)
        }
        PolicyCommand::Assignments {
            policy_id,
            client_id,
            route_id,
            environment,
            in_force_at,
            listing,
            connection,
        } => {
            let query = listing.query([
                ("policy_id", policy_id),
                ("client_id", client_id),
                ("route_id", route_id),
                ("environment", environment),
                ("in_force_at", in_force_at),
            ]);
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/assignments", &query).await?, &ASSIGNMENT_COLUMNS)
        }
        PolicyCommand::Get { id, then, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/policies/{id}"), &then.query()).await?, &[])
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
        PolicyCommand::Simulate(flags) => policy_simulate::run(*flags).await,
        PolicyCommand::Retire { id, reason, connection } => {
            post(&connection, &format!("/policies/{id}/retire"), given([("reason", reason)])).await
        }
    }
}
