//! `tollgate principal|service-account|grant …`, and `whoami`.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use reqwest::{Method, Url};
use serde_json::{Map, Value, json};

use super::{
    Connection,
    client::Reasoned,
    key::{given, post},
    output::{self, Format},
    rest::Rest,
    scope::Scope,
};

const PEOPLE: [&str; 8] = [
    "id",
    "status",
    "name",
    "email",
    "identity.issuer",
    "token.expires_at",
    "break_glass_until",
    "created_at",
];
const ACCOUNTS: [&str; 7] = ["id", "status", "name", "team", "token.hint", "token.expires_at", "created_at"];
const GRANTS: [&str; 8] =
    ["id", "principal_id", "role", "scope.kind", "scope.team", "scope.environments", "until", "status"];

#[derive(Debug, Subcommand)]
pub(crate) enum PrincipalCommand {
    /// Add a person; they may do nothing until they are given a grant
    Add {
        #[arg(long)]
        name: String,
        #[arg(long)]
        email: Option<String>,
        /// The identity provider, as it names itself
        #[arg(long, requires = "subject")]
        issuer: Option<String>,
        /// The provider's name for the person
        #[arg(long, requires = "issuer")]
        subject: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List people
    List(ListPrincipals),
    /// Show a person
    Get(One),
    /// Take everything from a person until they are enabled again
    Disable(Reasoned),
    /// Give a disabled person back what their grants allow
    Enable(Reasoned),
    /// Make yourself a new token, shown once, where yours came with the claim; the one before lives on for the overlap
    RotateToken {
        #[arg(long, default_value_t = 0)]
        overlap_seconds: u32,
        /// When the token stops, RFC 3339: at most 365 days ahead; in 90 days without it
        #[arg(long)]
        expires_at: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Revoke the tokens of somebody who claimed the installation, at once
    RevokeToken(Reasoned),
    /// Break the glass: you are an administrator of everything until the time is up, and everybody is told
    BreakGlass {
        /// At most 240
        #[arg(long)]
        minutes: u16,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Close it before its time
    CloseGlass {
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Who is to be the first administrator.
#[derive(Args, Debug)]
pub(crate) struct ClaimFlags {
    #[arg(long)]
    name: String,
    #[arg(long)]
    email: Option<String>,
    /// The identity provider, as it names itself: with it, the person can sign in
    #[arg(long, requires = "subject")]
    issuer: Option<String>,
    /// The provider's name for the person
    #[arg(long, requires = "issuer")]
    subject: Option<String>,
    /// When their token stops, RFC 3339: at most 365 days ahead; in 90 days without it
    #[arg(long)]
    expires_at: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceAccountCommand {
    /// Make a service account; its token is shown once
    Make {
        #[arg(long)]
        name: String,
        /// The team that answers for it
        #[arg(long)]
        team: String,
        /// When the token stops, RFC 3339: at most 365 days ahead; in 90 days without it
        #[arg(long)]
        expires_at: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// List service accounts
    List {
        #[arg(long)]
        team: Option<String>,
        #[command(flatten)]
        list: ListPrincipals,
    },
    /// Show a service account
    Get(One),
    /// Make a new token, shown once; the one before lives on for the overlap
    RotateToken {
        id: String,
        #[arg(long, default_value_t = 0)]
        overlap_seconds: u32,
        /// When the token stops, RFC 3339; in 90 days without it
        #[arg(long)]
        expires_at: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Revoke its tokens at once
    RevokeToken(Reasoned),
    /// Let its tokens open nothing until it is enabled again
    Disable(Reasoned),
    /// Enable a disabled service account
    Enable(Reasoned),
}

#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Give a role: over everything, or within a team, environments, or both
    Give(Box<Give>),
    /// List grants
    List {
        #[arg(long)]
        principal_id: Option<String>,
        #[arg(long)]
        role: Option<String>,
        /// given or withdrawn
        #[arg(long)]
        status: Option<String>,
        #[arg(long)]
        team: Option<String>,
        #[arg(long)]
        environment: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show a grant
    Get(One),
    /// Withdraw a grant
    Withdraw(Reasoned),
    /// Show what each role holds
    Roles {
        #[command(flatten)]
        connection: Connection,
    },
}

/// What is given to whom.
#[derive(Args, Debug)]
pub(crate) struct Give {
    principal_id: String,
    role: String,
    #[command(flatten)]
    scope: Scope,
    /// RFC 3339; until it is withdrawn without it
    #[arg(long)]
    until: Option<String>,
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    connection: Connection,
}

/// Which of them.
#[derive(Args, Debug)]
pub(crate) struct ListPrincipals {
    /// enabled or disabled
    #[arg(long)]
    status: Option<String>,
    /// In any case
    #[arg(long)]
    name_contains: Option<String>,
    #[arg(long)]
    cursor: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

/// One of them.
#[derive(Args, Debug)]
pub(crate) struct One {
    pub(super) id: String,
    #[command(flatten)]
    pub(super) connection: Connection,
}

/// The token of the connection is the installation's first, or one that `tollgate access recover` has made.
pub(crate) async fn claim(flags: ClaimFlags) -> anyhow::Result<()> {
    let ClaimFlags { name, email, issuer, subject, expires_at, connection } = flags;
    let mut body = given([("name", Some(name)), ("email", email), ("expires_at", expires_at)]);
    if let (Some(issuer), Some(subject)) = (issuer, subject) {
        body.insert("identity".to_owned(), json!({ "issuer": issuer, "subject": subject }));
    }
    post(&connection, "/claim", body).await
}

/// What is done for whom the token stands for.
async fn own(connection: &Connection, verb: &str, body: Map<String, Value>) -> anyhow::Result<()> {
    let rest = Rest::new(connection)?;
    // The answer to a read, also where what follows is a dry run.
    let me = rest.read("/whoami", &[]).await?;
    let id = me.body.get("id").and_then(Value::as_str).context("the server did not say who you are")?;
    rest.print(&rest.post(&format!("/principals/{id}/{verb}"), &Value::Object(body)).await?, &[])
}

pub(crate) async fn principal(command: PrincipalCommand) -> anyhow::Result<()> {
    match command {
        PrincipalCommand::Add { name, email, issuer, subject, connection } => {
            let mut body = given([("name", Some(name)), ("email", email)]);
            if let (Some(issuer), Some(subject)) = (issuer, subject) {
                body.insert("identity".to_owned(), json!({ "issuer": issuer, "subject": subject }));
            }
            post(&connection, "/principals", body).await
        }
        PrincipalCommand::List(list) => list.run("/principals", None, &PEOPLE).await,
        PrincipalCommand::Get(one) => one.show("principals").await,
        PrincipalCommand::Disable(order) => order.order("principals", "disable").await,
        PrincipalCommand::Enable(order) => order.order("principals", "enable").await,
        PrincipalCommand::RotateToken { overlap_seconds, expires_at, connection } => {
            own(&connection, "rotate-token", rotation(overlap_seconds, expires_at)).await
        }
        PrincipalCommand::RevokeToken(order) => order.order("principals", "revoke-token").await,
        PrincipalCommand::BreakGlass { minutes, reason, connection } => {
            let mut body = given([("reason", Some(reason))]);
            body.insert("minutes".to_owned(), minutes.into());
            own(&connection, "break-glass", body).await
        }
        PrincipalCommand::CloseGlass { reason, connection } => {
            own(&connection, "break-glass/close", given([("reason", reason)])).await
        }
    }
}

pub(crate) async fn service_account(command: ServiceAccountCommand) -> anyhow::Result<()> {
    match command {
        ServiceAccountCommand::Make { name, team, expires_at, connection } => {
            let body = given([("name", Some(name)), ("team", Some(team)), ("expires_at", expires_at)]);
            post(&connection, "/service-accounts", body).await
        }
        ServiceAccountCommand::List { team, list } => list.run("/service-accounts", team, &ACCOUNTS).await,
        ServiceAccountCommand::Get(one) => one.show("service-accounts").await,
        ServiceAccountCommand::RotateToken { id, overlap_seconds, expires_at, connection } => {
            let body = rotation(overlap_seconds, expires_at);
            post(&connection, &format!("/service-accounts/{id}/rotate-token"), body).await
        }
        ServiceAccountCommand::RevokeToken(order) => order.order("service-accounts", "revoke-token").await,
        ServiceAccountCommand::Disable(order) => order.order("service-accounts", "disable").await,
        ServiceAccountCommand::Enable(order) => order.order("service-accounts", "enable").await,
    }
}

fn rotation(overlap_seconds: u32, expires_at: Option<String>) -> Map<String, Value> {
    let mut body = given([("expires_at", expires_at)]);
    body.insert("overlap_seconds".to_owned(), overlap_seconds.into());
    body
}

pub(crate) async fn grant(command: GrantCommand) -> anyhow::Result<()> {
    match command {
        GrantCommand::Give(give) => give.run().await,
        GrantCommand::List { principal_id, role, status, team, environment, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [
                ("principal_id", principal_id),
                ("role", role),
                ("status", status),
                ("team", team),
                ("environment", environment),
                ("cursor", cursor),
            ];
            rest.print(&rest.get("/grants", &query).await?, &GRANTS)
        }
        GrantCommand::Get(one) => one.show("grants").await,
        GrantCommand::Withdraw(Reasoned { id, reason, connection }) => {
            remove(&connection, &format!("/grants/{id}"), Some(&reason)).await
        }
        GrantCommand::Roles { connection } => {
            let rest = Rest::new(&connection)?;
            let answer = rest.get("/roles", &[]).await?;
            if connection.output == Format::Json {
                return rest.print(&answer, &[]);
            }
            let (items, roles) = roles_table(&answer.body);
            let columns: Vec<&str> =
                std::iter::once("permission").chain(roles.iter().map(String::as_str)).collect();
            output::print(&json!({ "items": items }), &columns, connection.output)
        }
    }
}

/// Ends a thing as the caller sees it now.
pub(super) async fn remove(connection: &Connection, thing: &str, reason: Option<&str>) -> anyhow::Result<()> {
    let rest = Rest::new(connection)?;
    // Only for its encoding of the reason.
    let query = Url::parse_with_params("http://localhost/", reason.map(|reason| ("reason", reason)));
    let query = query.context("the reason cannot be sent")?;
    let query = query.query().filter(|query| !query.is_empty());
    let path = query.map_or_else(|| thing.to_owned(), |query| format!("{thing}?{query}"));
    rest.print(&rest.change(Method::DELETE, &path, thing, None).await?, &[])
}

/// A line for each permission, with a mark below each role that holds it; and the roles, in their order.
fn roles_table(body: &Value) -> (Vec<Value>, Vec<String>) {
    let listed = |of: &Value, name: &str| of.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let word = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let roles: Vec<(String, Vec<Value>)> =
        listed(body, "roles").iter().map(|role| (word(role, "role"), listed(role, "permissions"))).collect();
    let line = |permission: &Value| {
        let name = word(permission, "permission");
        let marks = roles.iter().map(|(role, held)| {
            let holds = held.iter().any(|held| held.as_str() == Some(name.as_str()));
            (role.clone(), if holds { "x" } else { "" }.into())
        });
        let mut line: Map<String, Value> = marks.collect();
        line.insert("permission".to_owned(), name.clone().into());
        Value::Object(line)
    };
    let lines = listed(body, "permissions").iter().map(line).collect();
    (lines, roles.into_iter().map(|(role, _)| role).collect())
}

pub(crate) async fn whoami(connection: Connection) -> anyhow::Result<()> {
    let rest = Rest::new(&connection)?;
    rest.print(&rest.get("/whoami", &[]).await?, &[])
}

impl Give {
    async fn run(self) -> anyhow::Result<()> {
        let Self { principal_id, role, scope, until, reason, connection } = self;
        let mut body = given([
            ("principal_id", Some(principal_id)),
            ("role", Some(role)),
            ("until", until),
            ("reason", Some(reason)),
        ]);
        body.insert("scope".to_owned(), scope.said());
        post(&connection, "/grants", body).await
    }
}

impl ListPrincipals {
    async fn run(self, path: &str, team: Option<String>, columns: &[&str]) -> anyhow::Result<()> {
        let Self { status, name_contains, cursor, connection } = self;
        let rest = Rest::new(&connection)?;
        let query =
            [("status", status), ("name_contains", name_contains), ("team", team), ("cursor", cursor)];
        rest.print(&rest.get(path, &query).await?, columns)
    }
}

impl One {
    pub(super) async fn show(self, resource: &str) -> anyhow::Result<()> {
        let Self { id, connection } = self;
        let rest = Rest::new(&connection)?;
        rest.print(&rest.get(&format!("/{resource}/{id}"), &[]).await?, &[])
    }
}
