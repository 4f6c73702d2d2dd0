//! `tollgate client …`.

use clap::Subcommand;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    Connection,
    key::{given, post},
    list::{Listing, Then},
    rest::Rest,
};

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
        /// `active`, `suspended` or `archived`
        #[arg(long)]
        status: Option<String>,
        /// `partner` or `internal`
        #[arg(long)]
        kind: Option<String>,
        #[arg(long)]
        owner_team: Option<String>,
        /// One that the client may use
        #[arg(long)]
        environment: Option<String>,
        /// One that the client holds
        #[arg(long)]
        scope: Option<String>,
        /// The name of a label, or `name=value`
        #[arg(long)]
        label: Option<String>,
        /// In any case
        #[arg(long)]
        name_contains: Option<String>,
        /// In any case
        #[arg(long)]
        name_prefix: Option<String>,
        /// RFC 3339
        #[arg(long)]
        created_from: Option<String>,
        /// RFC 3339
        #[arg(long)]
        created_before: Option<String>,
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one client
    Get {
        id: String,
        #[command(flatten)]
        then: Then,
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
    /// Refuse all its calls until it is reinstated, now or at a time
    Suspend(Timed),
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

/// An order that may be for a time ahead, and end by itself.
#[derive(clap::Args, Debug)]
pub(crate) struct Timed {
    #[command(flatten)]
    order: Reasoned,
    /// RFC 3339; now without it
    #[arg(long)]
    at: Option<String>,
    /// When it is undone, RFC 3339; somebody has to without it
    #[arg(long)]
    until: Option<String>,
}

impl Timed {
    pub(super) async fn order(self, resource: &str, verb: &str) -> anyhow::Result<()> {
        let Self { order: Reasoned { id, reason, connection }, at, until } = self;
        let body = given([("reason", Some(reason)), ("at", at), ("until", until)]);
        post(&connection, &format!("/{resource}/{id}/{verb}"), body).await
    }
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

#[expect(clippy::too_many_lines, reason = "an arm for each command")]
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
        ClientCommand::List {
            status,
            kind,
            owner_team,
            environment,
            scope,
            label,
            name_contains,
            name_prefix,
            created_from,
            created_before,
            listing,
            connection,
        } => {
            let query = listing.query([
                ("status", status),
                ("kind", kind),
                ("owner_team", owner_team),
                ("environment", environment),
                ("scope", scope),
                ("label", label),
                ("name_contains", name_contains),
                ("name_prefix", name_prefix),
                ("created_from", created_from),
                ("created_before", created_before),
            ]);
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/clients", &query).await?, &COLUMNS)
        }
        ClientCommand::Get { id, then, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/clients/{id}"), &then.query()).await?, &[])
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
