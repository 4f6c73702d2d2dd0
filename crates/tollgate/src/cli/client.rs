//! `tollgate client …`.

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{Connection, rest::Rest};

const COLUMNS: [&str; 6] = ["id", "name", "kind", "status", "owner.team", "environments"];

#[derive(Debug, Subcommand)]
pub(crate) enum ClientCommand {
    /// Register a client
    Register {
        #[arg(long)]
        name: String,
        /// `partner` or `internal`
        #[arg(long, default_value = "partner")]
        kind: String,
        /// The team on our side
        #[arg(long)]
        team: String,
        /// Its address
        #[arg(long)]
        email: String,
        /// Where its keys may be used; repeatable
        #[arg(long = "environment", required = true)]
        environments: Vec<String>,
        /// What it may do; repeatable
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// `key=value`; repeatable
        #[arg(long = "label")]
        labels: Vec<String>,
        /// `role:address:name`, the role technical, billing or security; repeatable
        #[arg(long = "contact")]
        contacts: Vec<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List clients
    List {
        #[arg(long)]
        status: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one client
    Get {
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Change a client; scopes and environments are whole lists
    Update {
        id: String,
        #[arg(long)]
        name: Option<String>,
        #[arg(long = "environment")]
        environments: Vec<String>,
        #[arg(long = "scope")]
        scopes: Vec<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Refuse all its calls until it is reinstated
    Suspend(Reasoned),
    /// Take a suspension back
    Reinstate(Reasoned),
    /// Refuse all its calls for good
    Archive(Reasoned),
}

#[derive(clap::Args, Debug)]
pub(crate) struct Reasoned {
    pub(super) id: String,
    #[arg(long)]
    pub(super) reason: String,
    #[command(flatten)]
    pub(super) connection: Connection,
}

impl Reasoned {
    /// Gives an order that needs nothing but a reason.
    pub(super) async fn order(&self, resource: &str, verb: &str) -> anyhow::Result<()> {
        let rest = Rest::new(&self.connection)?;
        let answer =
            rest.post(&format!("/{resource}/{}/{verb}", self.id), &json!({ "reason": self.reason })).await?;
        rest.print(&answer, &[])
    }
}

pub(crate) async fn run(command: ClientCommand) -> anyhow::Result<()> {
    match command {
        ClientCommand::Register {
            name,
            kind,
            team,
            email,
            environments,
            scopes,
            labels,
            contacts,
            connection,
        } => {
            let rest = Rest::new(&connection)?;
            let body = json!({
                "name": name, "kind": kind, "owner": { "team": team, "email": email }, "environments": environments,
                "scopes": scopes, "labels": pairs(&labels), "contacts": contacts.iter().map(|c| contact(c)).collect::<Vec<_>>(),
            });
            rest.print(&rest.post("/clients", &body).await?, &[])
        }
        ClientCommand::List { status, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/clients", &[("status", status), ("cursor", cursor)]).await?, &COLUMNS)
        }
        ClientCommand::Get { id, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/clients/{id}"), &[]).await?, &[])
        }
        ClientCommand::Update { id, name, environments, scopes, connection } => {
            let rest = Rest::new(&connection)?;
            let mut patch = Map::new();
            if let Some(name) = name {
                patch.insert("name".to_owned(), name.into());
            }
            for (field, values) in [("environments", environments), ("scopes", scopes)] {
                if !values.is_empty() {
                    patch.insert(field.to_owned(), values.into());
                }
            }
            let path = format!("/clients/{id}");
            let answer = rest.change(Method::PATCH, &path, &path, Some(&Value::Object(patch))).await?;
            rest.print(&answer, &[])
        }
        ClientCommand::Suspend(order) => order.order("clients", "suspend").await,
        ClientCommand::Reinstate(order) => order.order("clients", "reinstate").await,
        ClientCommand::Archive(order) => order.order("clients", "archive").await,
    }
}

fn pairs(labels: &[String]) -> Value {
    labels
        .iter()
        .map(|label| label.split_once('=').unwrap_or((label, "")))
        .map(|(k, v)| (k.to_owned(), v.into()))
        .collect::<Map<_, _>>()
        .into()
}

fn contact(text: &str) -> Value {
    let mut parts = text.splitn(3, ':');
    let mut next = || parts.next().unwrap_or_default();
    json!({ "role": next(), "email": next(), "name": next() })
}
