//! `tollgate route …`.

mod import;

use std::path::PathBuf;

use clap::Subcommand;
use reqwest::Method;

use super::{
    Connection,
    key::{given, post},
    list::{Listing, Then},
    rest::Rest,
};

const COLUMNS: [&str; 7] = ["id", "name", "host", "methods", "path", "required_scopes", "status"];

#[derive(Debug, Subcommand)]
pub(crate) enum RouteCommand {
    /// Define a route
    Define {
        #[arg(long)]
        name: String,
        /// Any host without it
        #[arg(long)]
        host: Option<String>,
        /// Repeatable
        #[arg(long = "method", default_value = "GET")]
        methods: Vec<String>,
        /// A template such as /orders/{id}
        #[arg(long)]
        path: String,
        /// What a caller needs; repeatable
        #[arg(long = "required-scope")]
        required_scopes: Vec<String>,
        /// What one call takes from every limit
        #[arg(long)]
        cost: Option<u32>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List routes
    List {
        /// `active` or `retired`
        #[arg(long)]
        status: Option<String>,
        /// Leaves out routes of any host
        #[arg(long)]
        host: Option<String>,
        #[arg(long)]
        method: Option<String>,
        /// One that the route requires
        #[arg(long)]
        scope: Option<String>,
        #[arg(long)]
        path_prefix: Option<String>,
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
    /// Show one route
    Get {
        id: String,
        #[command(flatten)]
        then: Then,
        #[command(flatten)]
        connection: Connection,
    },
    /// Say what an OpenAPI document would change, or change it
    Import {
        /// JSON or YAML
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        plan: bool,
        /// Retire routes that the document does not name
        #[arg(long)]
        prune: bool,
        /// In place of the hosts of the document's servers; repeatable
        #[arg(long = "host")]
        hosts: Vec<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Retire a route
    Retire {
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(crate) async fn run(command: RouteCommand) -> anyhow::Result<()> {
    match command {
        RouteCommand::Define { name, host, methods, path, required_scopes, cost, connection } => {
            let mut body = given([("name", Some(name)), ("host", host), ("path", Some(path))]);
            body.insert("methods".to_owned(), methods.into());
            if !required_scopes.is_empty() {
                body.insert("required_scopes".to_owned(), required_scopes.into());
            }
            if let Some(cost) = cost {
                body.insert("cost".to_owned(), cost.into());
            }
            post(&connection, "/routes", body).await
        }
        RouteCommand::List {
            status,
            host,
            method,
            scope,
            path_prefix,
            name_contains,
            name_prefix,
            listing,
            connection,
        } => {
            let query = listing.query([
                ("status", status),
                ("host", host),
                ("method", method),
                ("scope", scope),
                ("path_prefix", path_prefix),
                ("name_contains", name_contains),
                ("name_prefix", name_prefix),
            ]);
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/routes", &query).await?, &COLUMNS)
        }
        RouteCommand::Get { id, then, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/routes/{id}"), &then.query()).await?, &[])
        }
        RouteCommand::Import { file, plan, prune, hosts, connection } => {
            import::run(&file, plan, prune, &hosts, &connection).await
        }
        RouteCommand::Retire { id, connection } => {
            let rest = Rest::new(&connection)?;
            let path = format!("/routes/{id}");
            rest.print(&rest.change(Method::DELETE, &path, &path, None).await?, &[])
        }
    }
}
