//! `tollgate change …`.

use clap::Subcommand;
use serde_json::{Map, Value};

use super::{
    Connection,
    client::Reasoned,
    key::{given, post},
    limits,
    rest::Rest,
};

const COLUMNS: [&str; 9] =
    ["id", "kind", "status", "at", "until", "client_id", "key_id", "policy_id", "requested_by"];

#[derive(Debug, Subcommand)]
pub(crate) enum ChangeCommand {
    /// Plan a change for a time ahead, or one that ends by itself
    Plan(Box<Plan>),
    /// List changes: those ahead and those that have been
    List {
        /// `pending`, `applied`, `ended`, `cancelled` or `failed`
        #[arg(long)]
        status: Option<String>,
        #[arg(long)]
        client_id: Option<String>,
        #[arg(long)]
        key_id: Option<String>,
        #[arg(long)]
        policy_id: Option<String>,
        /// Only those of which something is due before then; RFC 3339
        #[arg(long)]
        before: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one change
    Show {
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Cancel a change, or the end of one that has happened
    Cancel(Reasoned),
}

#[derive(clap::Args, Debug)]
pub(crate) struct Plan {
    #[command(subcommand)]
    what: Planned,
}

/// What is to happen.
#[derive(Debug, Subcommand)]
pub(crate) enum Planned {
    /// Stop a key for good
    RevokeKey(Of),
    /// Stop a key
    SuspendKey(Of),
    /// Stop all keys of a client
    SuspendClient(Of),
    /// Bind a policy to a client, a route, an environment, or, with none of them, to everyone
    AssignPolicy {
        #[command(flatten)]
        of: Of,
        #[arg(long)]
        client_id: Option<String>,
        #[arg(long)]
        route_id: Option<String>,
        #[arg(long)]
        environment: Option<String>,
    },
    /// Take an assignment back
    UnassignPolicy {
        #[command(flatten)]
        of: Of,
        #[arg(long)]
        assignment_id: String,
    },
    /// Let a policy say something else
    RevisePolicy {
        #[command(flatten)]
        of: Of,
        /// NAME:REQUESTS/SECONDS[:BURST]; the whole new list; repeatable
        #[arg(long = "rate")]
        rates: Vec<String>,
        /// NAME:REQUESTS/PERIOD[@ZONE]; the whole new list; repeatable
        #[arg(long = "quota")]
        quotas: Vec<String>,
        /// `client`, `key` or `shared`
        #[arg(long)]
        counting: Option<String>,
        /// `enforce` or `shadow`
        #[arg(long)]
        mode: Option<String>,
    },
}

/// Of which thing, when and why.
#[derive(clap::Args, Debug)]
pub(crate) struct Of {
    /// The key, the client or the policy
    id: String,
    /// RFC 3339; now without it
    #[arg(long)]
    at: Option<String>,
    /// When it is undone, RFC 3339; it stays without it
    #[arg(long)]
    until: Option<String>,
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(command: ChangeCommand) -> anyhow::Result<()> {
    match command {
        ChangeCommand::Plan(plan) => plan.what.run().await,
        ChangeCommand::List { status, client_id, key_id, policy_id, before, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [
                ("status", status),
                ("client_id", client_id),
                ("key_id", key_id),
                ("policy_id", policy_id),
                ("before", before),
                ("cursor", cursor),
            ];
            rest.print(&rest.get("/scheduled-changes", &query).await?, &COLUMNS)
        }
        ChangeCommand::Show { id, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/scheduled-changes/{id}"), &[]).await?, &[])
        }
        ChangeCommand::Cancel(order) => order.order("scheduled-changes", "cancel").await,
    }
}

impl Planned {
    async fn run(self) -> anyhow::Result<()> {
        let (of, change) = self.change()?;
        let Of { id: _, at, until, reason, connection } = of;
        let mut body = given([("at", at), ("until", until), ("reason", Some(reason))]);
        body.insert("change".to_owned(), Value::Object(change));
        post(&connection, "/scheduled-changes", body).await
    }

    fn change(self) -> anyhow::Result<(Of, Map<String, Value>)> {
        let of_kind = |kind: &str, name: &str, of: &Of| {
            given([("kind", Some(kind.to_owned())), (name, Some(of.id.clone()))])
        };
        let (change, of) = match self {
            Self::RevokeKey(of) => (of_kind("revoke_key", "key_id", &of), of),
            Self::SuspendKey(of) => (of_kind("suspend_key", "key_id", &of), of),
            Self::SuspendClient(of) => (of_kind("suspend_client", "client_id", &of), of),
            Self::AssignPolicy { of, client_id, route_id, environment } => {
                let whom = [("client_id", client_id), ("route_id", route_id), ("environment", environment)];
                let mut change = of_kind("assign_policy", "policy_id", &of);
                change.extend(given(whom));
                (change, of)
            }
            Self::UnassignPolicy { of, assignment_id } => {
                let mut change = of_kind("unassign_policy", "policy_id", &of);
                change.insert("assignment_id".to_owned(), assignment_id.into());
                (change, of)
            }
            Self::RevisePolicy { of, rates, quotas, counting, mode } => {
                let mut revision = given([("counting", counting), ("mode", mode)]);
                let rates =
                    rates.iter().map(|text| limits::rate(text)).collect::<anyhow::Result<Vec<_>>>()?;
                let quotas =
                    quotas.iter().map(|text| limits::quota(text)).collect::<anyhow::Result<Vec<_>>>()?;
                for (name, limits) in [("rates", rates), ("quotas", quotas)] {
                    if !limits.is_empty() {
                        revision.insert(name.to_owned(), limits.into());
                    }
                }
                let mut change = of_kind("revise_policy", "policy_id", &of);
                change.insert("revision".to_owned(), Value::Object(revision));
                (change, of)
            }
        };
        Ok((of, change))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use serde_json::json;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        what: Planned,
    }

    fn change(words: &[&str]) -> Value {
        let line = [&["plan"], words, &["--reason", "r", "--at", "2027-01-01T00:00:00Z"]].concat();
        let (_, change) = Line::try_parse_from(line).unwrap().what.change().unwrap();
        Value::Object(change)
    }

    #[test]
    fn a_change_is_said_in_words() {
        assert_eq!(
            change(&["suspend-key", "key_1", "--until", "2027-01-02T00:00:00Z"]),
            json!({ "kind": "suspend_key", "key_id": "key_1" })
        );
        assert_eq!(
            change(&["assign-policy", "pol_1", "--environment", "prod"]),
            json!({ "kind": "assign_policy", "policy_id": "pol_1", "environment": "prod" })
        );
        assert_eq!(
            change(&["revise-policy", "pol_1", "--rate", "burst:5/1", "--mode", "shadow"]),
            json!({
                "kind": "revise_policy", "policy_id": "pol_1",
                "revision": { "mode": "shadow", "rates": [{ "name": "burst", "requests": 5, "per_seconds": 1 }] },
            })
        );
    }
}
