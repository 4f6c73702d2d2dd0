//! `tollgate key …`.

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::{
    Connection,
    client::{Reasoned, Timed},
    key_import,
    list::{Listing, Then},
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
        #[command(flatten)]
        filter: Box<KeyFilter>,
        #[command(flatten)]
        listing: Listing,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one key
    Get {
        id: String,
        #[command(flatten)]
        then: Then,
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
        /// Retire the old secret once it has not been used for so many hours
        #[arg(long, value_name = "HOURS")]
        retire_when_idle_hours: Option<u16>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Let the old secret of a rotation live longer
    ExtendOverlap {
        id: String,
        /// RFC 3339
        #[arg(long, required_unless_present = "overlap_seconds", conflicts_with = "overlap_seconds")]
        until: Option<String>,
        /// Counted from the rotation
        #[arg(long)]
        overlap_seconds: Option<u32>,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Stop the old secret of a rotation now
    RetirePrevious(Reasoned),
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
    /// Stop a key until it is reinstated, now or at a time
    Suspend(Timed),
    /// Take a suspension back
    Reinstate(Reasoned),
    /// End a quarantine, once the leaked secret has stopped
    Release(Reasoned),
    /// Revoke every key that a filter matches, as one operation
    RevokeMatching(Box<Matching>),
    /// Suspend every key that a filter matches, as one operation
    SuspendMatching(Box<Matching>),
    /// Take over keys that another system has issued
    Import(Box<key_import::ImportKeys>),
}

/// Which keys, and why: all of what is given must fit.
#[derive(Args, Debug)]
pub(crate) struct Matching {
    #[arg(long)]
    client_id: Option<String>,
    /// The team that owns the client
    #[arg(long)]
    owner_team: Option<String>,
    #[arg(long)]
    environment: Option<String>,
    /// A label of the client, as NAME=VALUE; repeatable
    #[arg(long = "label", value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// RFC 3339
    #[arg(long)]
    issued_before: Option<String>,
    /// Issued before it and not used since; RFC 3339
    #[arg(long)]
    unused_since: Option<String>,
    /// active or suspended
    #[arg(long)]
    status: Option<String>,
    #[arg(long)]
    reason: String,
    /// How many keys a dry run has shown: refused if it is another number by now
    #[arg(long)]
    expected_count: Option<u32>,
    #[command(flatten)]
    connection: Connection,
}

impl Matching {
    async fn order(self, verb: &str) -> anyhow::Result<()> {
        let mut filter = given([
            ("client_id", self.client_id),
            ("owner_team", self.owner_team),
            ("environment", self.environment),
            ("issued_before", self.issued_before),
            ("unused_since", self.unused_since),
            ("status", self.status),
        ]);
        if !self.labels.is_empty() {
            let label = |label: &String| {
                let (name, value) = label.split_once('=').context("a label is written NAME=VALUE")?;
                Ok((name.to_owned(), value.into()))
            };
            let labels = self.labels.iter().map(label).collect::<anyhow::Result<Map<_, _>>>()?;
            filter.insert("labels".to_owned(), labels.into());
        }
        let mut body = given([("reason", Some(self.reason))]);
        body.insert("filter".to_owned(), filter.into());
        if let Some(count) = self.expected_count {
            body.insert("expected_count".to_owned(), count.into());
        }
        post(&self.connection, &format!("/keys/{verb}"), body).await
    }
}

/// Which keys.
#[derive(clap::Args, Debug)]
pub(crate) struct KeyFilter {
    #[arg(long)]
    client_id: Option<String>,
    /// `active`, `suspended`, `revoked` or `expired`
    #[arg(long)]
    status: Option<String>,
    #[arg(long)]
    environment: Option<String>,
    /// A part of the name, as it is written
    #[arg(long)]
    name_contains: Option<String>,
    /// The last characters of a secret
    #[arg(long)]
    hint: Option<String>,
    /// One that the key names
    #[arg(long)]
    scope: Option<String>,
    /// Of the key's client: the name of a label, or `name=value`
    #[arg(long)]
    label: Option<String>,
    /// Of the key's client
    #[arg(long)]
    owner_team: Option<String>,
    /// RFC 3339
    #[arg(long)]
    expires_from: Option<String>,
    /// RFC 3339
    #[arg(long)]
    expires_before: Option<String>,
    /// RFC 3339
    #[arg(long)]
    created_from: Option<String>,
    /// RFC 3339
    #[arg(long)]
    created_before: Option<String>,
    /// RFC 3339
    #[arg(long)]
    used_from: Option<String>,
    /// RFC 3339
    #[arg(long)]
    used_before: Option<String>,
    /// `false`: never used
    #[arg(long)]
    used: Option<String>,
}

impl KeyFilter {
    fn query(self) -> [(&'static str, Option<String>); 15] {
        [
            ("client_id", self.client_id),
            ("status", self.status),
            ("environment", self.environment),
            ("name_contains", self.name_contains),
            ("hint", self.hint),
            ("scope", self.scope),
            ("label", self.label),
            ("owner_team", self.owner_team),
            ("expires_from", self.expires_from),
            ("expires_before", self.expires_before),
            ("created_from", self.created_from),
            ("created_before", self.created_before),
            ("used_from", self.used_from),
            ("used_before", self.used_before),
            ("used", self.used),
        ]
    }
}

#[expect(clippy::too_many_lines, reason = "an arm for each command")]
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
        KeyCommand::List { filter, listing, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/keys", &listing.query(filter.query())).await?, &COLUMNS)
        }
        KeyCommand::Get { id, then, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/keys/{id}"), &then.query()).await?, &[])
        }
        KeyCommand::Rotation { id, connection } => show_rotation(&id, &connection).await,
        KeyCommand::ExtendOverlap { id, until, overlap_seconds, reason, connection } => {
            let mut body = given([("until", until), ("reason", Some(reason))]);
            if let Some(seconds) = overlap_seconds {
                body.insert("overlap_seconds".to_owned(), seconds.into());
            }
            post(&connection, &format!("/keys/{id}/rotation/extend"), body).await
        }
        KeyCommand::RetirePrevious(order) => order.order("keys", "rotation/retire").await,
        KeyCommand::Rotate {
            id,
            overlap_seconds,
            expires_at,
            reason,
            retire_when_idle_hours,
            connection,
        } => {
            let mut body = given([("expires_at", expires_at), ("reason", reason)]);
            body.insert("overlap_seconds".to_owned(), overlap_seconds.into());
            if let Some(hours) = retire_when_idle_hours {
                body.insert("retire_when_idle_hours".to_owned(), hours.into());
            }
            post(&connection, &format!("/keys/{id}/rotate"), body).await
        }
        KeyCommand::Revoke { id, reason, at, connection } => {
            post(&connection, &format!("/keys/{id}/revoke"), given([("reason", Some(reason)), ("at", at)]))
                .await
        }
        KeyCommand::Suspend(order) => order.order("keys", "suspend").await,
        KeyCommand::Reinstate(order) => order.order("keys", "reinstate").await,
        KeyCommand::Release(order) => order.order("keys", "release").await,
        KeyCommand::RevokeMatching(matching) => matching.order("revoke").await,
        KeyCommand::SuspendMatching(matching) => matching.order("suspend").await,
        KeyCommand::Import(asked) => key_import::run(*asked).await,
    }
}

/// The secrets as a table, then what is to be thought of the old one.
async fn show_rotation(id: &str, connection: &Connection) -> anyhow::Result<()> {
    let rest = Rest::new(connection)?;
    let answer = rest.get(&format!("/keys/{id}/rotation"), &[]).await?;
    if connection.output != Format::Table {
        return rest.print(&answer, &[]);
    }
    let mut versions = answer.body.get("versions").and_then(Value::as_array).cloned().unwrap_or_default();
    for version in &mut versions {
        for (names, name) in [("addresses", "address"), ("user_agents", "user_agent")] {
            let Some(seen) = version.get_mut(names) else { continue };
            let named = seen.as_array().into_iter().flatten().filter_map(|seen| seen.get(name).cloned());
            *seen = named.collect::<Vec<Value>>().into();
        }
    }
    println!("{}", list(&versions, &VERSIONS));
    let said = |name: &'static str| answer.body.get("safe_to_retire").and_then(|retiring| retiring.get(name));
    let safe = if said("safe").and_then(Value::as_bool) == Some(true) { "yes" } else { "no" };
    println!("safe to retire: {safe}; {}", said("explanation").and_then(Value::as_str).unwrap_or_default());
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
