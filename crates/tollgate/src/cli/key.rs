//! `tollgate key …`.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::{
    Connection,
    client::Reasoned,
    output::{Format, list},
    rest::Rest,
};

const COLUMNS: [&str; 8] =
    ["id", "client_id", "name", "environment", "status", "hint", "expires_at", "last_used_at"];

const VERSIONS: [&str; 9] = [
    "version",
    "status",
    "hint",
    "until",
    "calls",
    "calls_last_24h",
    "last_used_at",
    "addresses",
    "user_agents",
];

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Issue a key; its secret is shown once, here
    Issue {
        /// The client it is for
        client_id: String,
        #[arg(long)]
        name: String,
        #[arg(long)]
        environment: String,
        /// Fewer scopes than the client's; repeatable
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// RFC 3339
        #[arg(long)]
        expires_at: Option<String>,
        /// RFC 3339
        #[arg(long)]
        not_before: Option<String>,
        /// Where calls may come from; repeatable
        #[arg(long = "allowed-cidr")]
        allowed_cidrs: Vec<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List keys
    List {
        #[arg(long)]
        client_id: Option<String>,
        #[arg(long)]
        status: Option<String>,
        #[arg(long)]
        environment: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one key
    Get {
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show who uses which of its secrets, and whether the old one may go
    Rotation {
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Make a new secret; the old one lives on for the overlap
    Rotate {
        id: String,
        #[arg(long, default_value_t = 86_400)]
        overlap_seconds: u32,
        /// RFC 3339
        #[arg(long)]
        expires_at: Option<String>,
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Stop a key for good, now or at a time
    Revoke {
        id: String,
        #[arg(long)]
        reason: String,
        /// RFC 3339; now without it
        #[arg(long)]
        at: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Stop a key until it is reinstated
    Suspend(Reasoned),
    /// Take a suspension back
    Reinstate(Reasoned),
}

pub(crate) async fn run(command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Issue {
            client_id,
            name,
            environment,
            scopes,
            expires_at,
            not_before,
            allowed_cidrs,
            connection,
        } => {
            let mut body = given([
                ("name", Some(name)),
                ("environment", Some(environment)),
                ("expires_at", expires_at),
                ("not_before", not_before),
            ]);
            for (field, values) in [("scopes", scopes), ("allowed_cidrs", allowed_cidrs)] {
                if !values.is_empty() {
                    body.insert(field.to_owned(), values.into());
                }
            }
            post(&connection, &format!("/clients/{client_id}/keys"), body).await
        }
        KeyCommand::List { client_id, status, environment, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [
                ("client_id", client_id),
                ("status", status),
                ("environment", environment),
                ("cursor", cursor),
            ];
            rest.print(&rest.get("/keys", &query).await?, &COLUMNS)
        }
        KeyCommand::Get { id, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/keys/{id}"), &[]).await?, &[])
        }
        KeyCommand::Rotation { id, connection } => show_rotation(&id, &connection).await,
        KeyCommand::Rotate { id, overlap_seconds, expires_at, reason, connection } => {
            let mut body = given([("expires_at", expires_at), ("reason", reason)]);
            body.insert("overlap_seconds".to_owned(), overlap_seconds.into());
            post(&connection, &format!("/keys/{id}/rotate"), body).await
        }
        KeyCommand::Revoke { id, reason, at, connection } => {
            post(&connection, &format!("/keys/{id}/revoke"), given([("reason", Some(reason)), ("at", at)]))
                .await
        }
        KeyCommand::Suspend(order) => order.order("keys", "suspend").await,
        KeyCommand::Reinstate(order) => order.order("keys", "reinstate").await,
    }
}

/// The secrets as a table, then what is to be thought of the old one.
async fn show_rotation(id: &str, connection: &Connection) -> anyhow::Result<()> {
    let rest = Rest::new(connection)?;
    let answer = rest.get(&format!("/keys/{id}/rotation"), &[]).await?;
    if connection.output != Format::Table {
        return rest.print(&answer, &[]);
    }
    let mut versions = answer.body["versions"].as_array().cloned().unwrap_or_default();
    for version in &mut versions {
        for (names, name) in [("addresses", "address"), ("user_agents", "user_agent")] {
            let named = version[names].as_array().into_iter().flatten();
            let named: Vec<Value> = named.filter_map(|seen| seen.get(name).cloned()).collect();
            version[names] = named.into();
        }
    }
    println!("{}", list(&versions, &VERSIONS));
    let retiring = &answer.body["safe_to_retire"];
    let safe = if retiring["safe"] == true { "yes" } else { "no" };
    println!("safe to retire: {safe}; {}", retiring["explanation"].as_str().unwrap_or_default());
    Ok(())
}

/// The fields that have a value.
pub(super) fn given<const FIELDS: usize>(fields: [(&str, Option<String>); FIELDS]) -> Map<String, Value> {
    fields
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value.into())))
        .collect()
}

pub(super) async fn post(
    connection: &Connection,
    path: &str,
    body: Map<String, Value>,
) -> anyhow::Result<()> {
    let rest = Rest::new(connection)?;
    rest.print(&rest.post(path, &Value::Object(body)).await?, &[])
}
