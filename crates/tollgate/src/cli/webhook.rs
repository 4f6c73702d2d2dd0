//! `tollgate webhook …`: who is told of events as they happen, and what became of it.
#![expect(clippy::doc_markdown, reason = "shown on a terminal")]

mod listen;

use anyhow::bail;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value};

use super::{
    Connection,
    access::{One, remove},
    key::{given, post},
    rest::Rest,
    scope::{Scope, scope},
};

const WEBHOOKS: [&str; 8] =
    ["id", "status", "name", "url", "events", "scope.kind", "scope.team", "created_at"];
const DELIVERIES: [&str; 9] =
    ["id", "state", "type", "subject", "webhook_id", "attempts", "last_status", "last_error", "created_at"];

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Make a webhook; its secret is shown once
    Create(Box<Create>),
    /// List webhooks
    List {
        /// unverified, active, disabled or deleted
        #[arg(long)]
        status: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show a webhook
    #[command(visible_alias = "show")]
    Get(One),
    /// Change a webhook; another URL has to be verified again
    Update(Box<Update>),
    /// Hold what it would be told until it is enabled again
    Disable(MaybeReasoned),
    /// Enable a disabled webhook: what was held is delivered
    Enable(MaybeReasoned),
    /// Delete a webhook for good
    Delete(MaybeReasoned),
    /// Make a new secret, shown once; the one before signs beside it for the overlap
    RotateSecret {
        id: String,
        /// At most a week; 24 hours without it
        #[arg(long)]
        overlap_seconds: Option<u32>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Post the challenge that verifies it now
    Verify(One),
    /// Send a made-up event, whether it is verified or not
    Test {
        id: String,
        /// Such as api_key.revoked or notice.key_expiring; the first that it subscribes to without it
        #[arg(long)]
        event_type: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List what was sent to it, or what became of one delivery; without a webhook, what is told to everybody
    Deliveries(Box<Deliveries>),
    /// Send one delivery again
    Resend {
        id: String,
        delivery_id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Send again what it was sent, as an operation
    Replay(Box<Replay>),
    /// Print the public keys that `v1a` signatures are checked with
    Keys {
        #[command(flatten)]
        connection: Connection,
    },
    /// Receive webhooks here: verify and print them, and answer the challenge
    Listen(listen::ListenFlags),
}

/// A webhook to be.
#[derive(Args, Debug)]
pub(crate) struct Create {
    #[arg(long)]
    name: String,
    /// Where it is told
    #[arg(long)]
    to: String,
    /// api_key.revoked, api_key.*, notice.key_expiring or *; repeatable
    #[arg(long = "event", required = true)]
    events: Vec<String>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    connection: Connection,
}

/// What is to change; what is not given stays.
#[derive(Args, Debug)]
pub(crate) struct Update {
    id: String,
    #[arg(long)]
    name: Option<String>,
    /// Where it is told
    #[arg(long)]
    to: Option<String>,
    /// The whole new set; repeatable
    #[arg(long = "event")]
    events: Vec<String>,
    /// What this team owns
    #[arg(long)]
    team: Option<String>,
    /// What lies there; repeatable
    #[arg(long = "environment", value_name = "ENVIRONMENT")]
    environments: Vec<String>,
    /// Everything
    #[arg(long, conflicts_with_all = ["team", "environments"])]
    all: bool,
    #[command(flatten)]
    connection: Connection,
}

/// An order that may say why.
#[derive(Args, Debug)]
pub(crate) struct MaybeReasoned {
    id: String,
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// Which deliveries.
#[derive(Args, Debug)]
pub(crate) struct Deliveries {
    /// A webhook; all of them without it
    id: Option<String>,
    /// One of them, with every try
    #[arg(requires = "id")]
    delivery_id: Option<String>,
    /// pending, held, gathered, delivered, dead or cancelled
    #[arg(long)]
    state: Option<String>,
    /// Such as api_key.revoked
    #[arg(long = "type")]
    event_type: Option<String>,
    /// Made then or later, RFC 3339
    #[arg(long)]
    from: Option<String>,
    /// Made before then, RFC 3339
    #[arg(long)]
    until: Option<String>,
    #[arg(long)]
    cursor: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// What is sent again: all that is given has to hold.
#[derive(Args, Debug)]
pub(crate) struct Replay {
    id: String,
    /// Made then or later, RFC 3339
    #[arg(long)]
    from: Option<String>,
    /// Made before then, RFC 3339
    #[arg(long)]
    until: Option<String>,
    /// Of events behind this position of the log
    #[arg(long)]
    after_position: Option<u64>,
    /// Such as api_key.revoked; repeatable
    #[arg(long = "type")]
    types: Vec<String>,
    /// delivered, dead, cancelled or held; repeatable
    #[arg(long = "state")]
    states: Vec<String>,
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(command: WebhookCommand) -> anyhow::Result<()> {
    match command {
        WebhookCommand::Create(create) => create.run().await,
        WebhookCommand::List { status, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [("status", status), ("cursor", cursor)];
            rest.print(&rest.get("/webhooks", &query).await?, &WEBHOOKS)
        }
        WebhookCommand::Get(one) => one.show("webhooks").await,
        WebhookCommand::Update(update) => update.run().await,
        WebhookCommand::Disable(order) => order.order("disable").await,
        WebhookCommand::Enable(order) => order.order("enable").await,
        WebhookCommand::Delete(MaybeReasoned { id, reason, connection }) => {
            remove(&connection, &format!("/webhooks/{id}"), reason.as_deref()).await
        }
        WebhookCommand::RotateSecret { id, overlap_seconds, connection } => {
            let overlap = overlap_seconds.map(|seconds| ("overlap_seconds".to_owned(), seconds.into()));
            post(&connection, &format!("/webhooks/{id}/rotate-secret"), overlap.into_iter().collect()).await
        }
        WebhookCommand::Verify(One { id, connection }) => {
            post(&connection, &format!("/webhooks/{id}/verify"), Map::new()).await
        }
        WebhookCommand::Test { id, event_type, connection } => {
            let body = given([("event_type", event_type)]);
            post(&connection, &format!("/webhooks/{id}/test"), body).await
        }
        WebhookCommand::Deliveries(which) => which.run().await,
        WebhookCommand::Resend { id, delivery_id, connection } => {
            post(&connection, &format!("/webhooks/{id}/deliveries/{delivery_id}/resend"), Map::new()).await
        }
        WebhookCommand::Replay(replay) => replay.run().await,
        WebhookCommand::Keys { connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/webhooks/keys", &[]).await?, &[])
        }
        WebhookCommand::Listen(flags) => listen::listen(flags).await,
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<()> {
        let Self { name, to, events, scope, connection } = self;
        let mut body = given([("name", Some(name)), ("url", Some(to))]);
        body.insert("events".to_owned(), events.into());
        body.insert("scope".to_owned(), scope.said());
        post(&connection, "/webhooks", body).await
    }
}

impl Update {
    async fn run(self) -> anyhow::Result<()> {
        let Self { id, name, to, events, all, team, environments, connection } = self;
        let mut patch = given([("name", name), ("url", to)]);
        if !events.is_empty() {
            patch.insert("events".to_owned(), events.into());
        }
        if all || team.is_some() || !environments.is_empty() {
            patch.insert("scope".to_owned(), scope(all, team, environments));
        }
        if patch.is_empty() {
            bail!(
                "nothing to change: give --name, --to, --event, or a scope (--team, --environment or --all)"
            );
        }
        let (rest, path) = (Rest::new(&connection)?, format!("/webhooks/{id}"));
        let answer = rest.change(Method::PATCH, &path, &path, Some(&Value::Object(patch))).await?;
        rest.print(&answer, &[])
    }
}

impl MaybeReasoned {
    async fn order(self, verb: &str) -> anyhow::Result<()> {
        let Self { id, reason, connection } = self;
        post(&connection, &format!("/webhooks/{id}/{verb}"), given([("reason", reason)])).await
    }
}

impl Replay {
    async fn run(self) -> anyhow::Result<()> {
        let Self { id, from, until, after_position, types, states, reason, connection } = self;
        let mut body = given([("from", from), ("until", until), ("reason", reason)]);
        body.extend(after_position.map(|position| ("after_position".to_owned(), position.into())));
        for (name, values) in [("types", types), ("states", states)] {
            if !values.is_empty() {
                body.insert(name.to_owned(), values.into());
            }
        }
        post(&connection, &format!("/webhooks/{id}/replay"), body).await
    }
}

impl Deliveries {
    async fn run(self) -> anyhow::Result<()> {
        let Self { id, delivery_id, state, event_type, from, until, cursor, connection } = self;
        let rest = Rest::new(&connection)?;
        let path = match (&id, &delivery_id) {
            (Some(id), Some(delivery)) => {
                let one = rest.get(&format!("/webhooks/{id}/deliveries/{delivery}"), &[]).await?;
                return rest.print(&one, &[]);
            }
            (Some(id), None) => format!("/webhooks/{id}/deliveries"),
            (None, _) => "/deliveries".to_owned(),
        };
        let query =
            [("state", state), ("type", event_type), ("from", from), ("until", until), ("cursor", cursor)];
        rest.print(&rest.get(&path, &query).await?, &DELIVERIES)
    }
}
