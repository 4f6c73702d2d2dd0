//! `tollgate explain`, `tollgate decision …` and `tollgate usage …`.

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{
    Connection,
    key::{given, post},
    rest::Rest,
};

const DECISIONS: [&str; 7] = ["id", "at", "outcome", "reason", "client_id", "key_id", "route_id"];
const LIMITS: [&str; 8] =
    ["name", "kind", "environment", "used", "limit", "remaining", "resets_at", "route_id"];

/// A call to explain; at most one of key and client. A secret is read from `TOLLGATE_SECRET`, never from the command line.
#[derive(Args, Debug)]
pub(crate) struct ExplainFlags {
    method: String,
    path: String,
    #[arg(long)]
    key_id: Option<String>,
    #[arg(long)]
    client_id: Option<String>,
    #[arg(long, env = "TOLLGATE_SECRET", hide = true, hide_env_values = true)]
    secret: Option<String>,
    #[arg(long)]
    host: Option<String>,
    #[arg(long)]
    environment: Option<String>,
    #[arg(long)]
    address: Option<String>,
    #[arg(long)]
    cost: Option<u32>,
    /// RFC 3339, from now on
    #[arg(long)]
    at: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DecisionCommand {
    /// List decisions, from the newest on
    List {
        #[arg(long)]
        client_id: Option<String>,
        #[arg(long)]
        key_id: Option<String>,
        #[arg(long)]
        environment: Option<String>,
        /// Such as `rate_limited`
        #[arg(long)]
        outcome: Option<String>,
        /// Such as `missing_scope`
        #[arg(long)]
        reason: Option<String>,
        /// RFC 3339
        #[arg(long)]
        from: Option<String>,
        /// RFC 3339
        #[arg(long)]
        until: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one decision, and who set what it rested on
    Show {
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsageCommand {
    /// What is used of each limit of a client or a key
    Current {
        #[arg(long)]
        client_id: Option<String>,
        #[arg(long)]
        key_id: Option<String>,
        #[arg(long)]
        environment: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Give back what is used of one limit
    Reset {
        #[arg(long)]
        policy_id: String,
        #[arg(long)]
        limit: String,
        #[arg(long)]
        client_id: Option<String>,
        #[arg(long)]
        key_id: Option<String>,
        /// Without it, in every environment
        #[arg(long)]
        environment: Option<String>,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(crate) async fn explain(flags: ExplainFlags) -> anyhow::Result<()> {
    let ExplainFlags {
        method,
        path,
        key_id,
        client_id,
        secret,
        host,
        environment,
        address,
        cost,
        at,
        connection,
    } = flags;
    // A key or a client that is named goes before a secret that happens to be in the environment.
    let secret = secret.filter(|_| key_id.is_none() && client_id.is_none());
    let mut body = given([
        ("method", Some(method)),
        ("path", Some(path)),
        ("key_id", key_id),
        ("client_id", client_id),
        ("secret", secret),
        ("host", host),
        ("environment", environment),
        ("address", address),
        ("at", at),
    ]);
    if let Some(cost) = cost {
        body.insert("cost".to_owned(), Value::from(cost));
    }
    post(&connection, "/explain", body).await
}

pub(crate) async fn decision(command: DecisionCommand) -> anyhow::Result<()> {
    match command {
        DecisionCommand::List {
            client_id,
            key_id,
            environment,
            outcome,
            reason,
            from,
            until,
            cursor,
            connection,
        } => {
            let rest = Rest::new(&connection)?;
            let query = [
                ("client_id", client_id),
                ("key_id", key_id),
                ("environment", environment),
                ("outcome", outcome),
                ("reason", reason),
                ("from", from),
                ("until", until),
                ("cursor", cursor),
            ];
            rest.print(&rest.get("/decisions", &query).await?, &DECISIONS)
        }
        DecisionCommand::Show { id, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/decisions/{id}"), &[]).await?, &[])
        }
    }
}

pub(crate) async fn usage(command: UsageCommand) -> anyhow::Result<()> {
    match command {
        UsageCommand::Current { client_id, key_id, environment, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [("client_id", client_id), ("key_id", key_id), ("environment", environment)];
            rest.print(&rest.get("/usage/current", &query).await?, &LIMITS)
        }
        UsageCommand::Reset { policy_id, limit, client_id, key_id, environment, reason, connection } => {
            let body = given([
                ("policy_id", Some(policy_id)),
                ("limit", Some(limit)),
                ("client_id", client_id),
                ("key_id", key_id),
                ("environment", environment),
                ("reason", Some(reason)),
            ]);
            post(&connection, "/usage/reset", body).await
        }
    }
}
