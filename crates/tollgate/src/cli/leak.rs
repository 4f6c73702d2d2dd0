//! `tollgate leak …`.

use clap::Subcommand;

use super::{Connection, rest::Rest};

const COLUMNS: [&str; 7] = ["id", "reported_at", "key_id", "secret_version", "receiver", "action", "url"];

#[derive(Debug, Subcommand)]
pub(crate) enum LeakCommand {
    /// List reports of leaked secrets
    List {
        #[arg(long)]
        key_id: Option<String>,
        #[arg(long)]
        client_id: Option<String>,
        /// revoked, quarantined or none
        #[arg(long)]
        action: Option<String>,
        /// RFC 3339
        #[arg(long)]
        from: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show one report
    Get {
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(crate) async fn run(command: LeakCommand) -> anyhow::Result<()> {
    match command {
        LeakCommand::List { key_id, client_id, action, from, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [
                ("key_id", key_id),
                ("client_id", client_id),
                ("action", action),
                ("from", from),
                ("cursor", cursor),
            ];
            rest.print(&rest.get("/leaks", &query).await?, &COLUMNS)
        }
        LeakCommand::Get { id, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/leaks/{id}"), &[]).await?, &[])
        }
    }
}
