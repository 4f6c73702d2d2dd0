//! `tollgate audit …`.

use clap::Subcommand;

use super::{Connection, rest::Rest};

const COLUMNS: [&str; 7] =
    ["position", "occurred_at", "actor.id", "action", "subject.id", "address", "reason"];

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List who did what, the latest first
    List {
        #[arg(long)]
        actor: Option<String>,
        /// Such as `api_key.revoked`
        #[arg(long)]
        action: Option<String>,
        #[arg(long)]
        subject_id: Option<String>,
        #[arg(long)]
        client_id: Option<String>,
        /// RFC 3339
        #[arg(long)]
        from: Option<String>,
        /// RFC 3339
        #[arg(long)]
        until: Option<String>,
        #[arg(long)]
        limit: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
}

pub(crate) async fn run(command: AuditCommand) -> anyhow::Result<()> {
    let AuditCommand::List { actor, action, subject_id, client_id, from, until, limit, cursor, connection } =
        command;
    let rest = Rest::new(&connection)?;
    let query = [
        ("actor", actor),
        ("action", action),
        ("subject_id", subject_id),
        ("client_id", client_id),
        ("from", from),
        ("until", until),
        ("limit", limit.map(|limit| limit.to_string())),
        ("cursor", cursor),
    ];
    rest.print(&rest.get("/audit", &query).await?, &COLUMNS)
}
