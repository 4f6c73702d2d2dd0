//! `tollgate hygiene …`.

use clap::Subcommand;

use super::{Connection, rest::Rest};

#[derive(Debug, Subcommand)]
pub(crate) enum HygieneCommand {
    /// Keys that may still be used and perhaps should not be
    Keys {
        /// `never_used`, `unused`, `without_expiry`, `near_expiry` or `orphaned`
        list: String,
        /// How long ago, or how near, where the list goes by that
        #[arg(long)]
        days: Option<u32>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        connection: Connection,
    },
    /// Scopes whose removal would have refused no call
    Scopes {
        /// `clients` or `keys`
        #[arg(long)]
        held_by: Option<String>,
        /// Those that calls needed, too
        #[arg(long)]
        all: bool,
        /// RFC 3339
        #[arg(long)]
        from: Option<String>,
        /// RFC 3339
        #[arg(long)]
        until: Option<String>,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        connection: Connection,
    },
    /// Routes that nobody calls
    Routes {
        #[arg(long)]
        days: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Policies that bind nobody
    Policies {
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

/// Whose things, and which page of them.
#[derive(clap::Args, Debug)]
pub(crate) struct Whose {
    #[arg(long)]
    client_id: Option<String>,
    #[arg(long)]
    environment: Option<String>,
    #[arg(long)]
    owner_team: Option<String>,
    #[arg(long)]
    cursor: Option<String>,
}

impl Whose {
    fn query(self) -> [(&'static str, Option<String>); 4] {
        let Self { client_id, environment, owner_team, cursor } = self;
        [
            ("client_id", client_id),
            ("environment", environment),
            ("owner_team", owner_team),
            ("cursor", cursor),
        ]
    }
}

const KEYS: [&str; 8] = [
    "key_id",
    "name",
    "client_name",
    "owner_team",
    "environment",
    "ends_at",
    "last_used_at",
    "orphaned_because",
];
const SCOPES: [&str; 6] = ["client_name", "key_name", "scope", "calls", "would_have_refused", "from"];
const ROUTES: [&str; 5] = ["route_id", "name", "methods", "path", "last_called_at"];
const POLICIES: [&str; 4] = ["policy_id", "name", "revision", "assignments"];

pub(crate) async fn run(command: HygieneCommand) -> anyhow::Result<()> {
    match command {
        HygieneCommand::Keys { list, days, whose, connection } => {
            let query = [("list", Some(list)), ("days", days.map(|days| days.to_string()))];
            let query: Vec<_> = query.into_iter().chain(whose.query()).collect();
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/hygiene/keys", &query).await?, &KEYS)
        }
        HygieneCommand::Scopes { held_by, all, from, until, whose, connection } => {
            let which = all.then(|| "all".to_owned());
            let query = [("held_by", held_by), ("which", which), ("from", from), ("until", until)];
            let query: Vec<_> = query.into_iter().chain(whose.query()).collect();
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/hygiene/scopes", &query).await?, &SCOPES)
        }
        HygieneCommand::Routes { days, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [("days", days.map(|days| days.to_string())), ("cursor", cursor)];
            rest.print(&rest.get("/hygiene/routes", &query).await?, &ROUTES)
        }
        HygieneCommand::Policies { cursor, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/hygiene/policies", &[("cursor", cursor)]).await?, &POLICIES)
        }
    }
}
