//! `tollgate audit …`.

pub(crate) mod proofs;

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
        /// Such as `api_key`
        #[arg(long)]
        subject_type: Option<String>,
        #[arg(long)]
        request_id: Option<String>,
        #[arg(long)]
        correlation_id: Option<String>,
        #[arg(long)]
        after_position: Option<String>,
        #[arg(long)]
        before_position: Option<String>,
        /// RFC 3339
        #[arg(long)]
        from: Option<String>,
        /// RFC 3339
        #[arg(long)]
        until: Option<String>,
        /// `position` for the oldest first
        #[arg(long, allow_hyphen_values = true)]
        sort: Option<String>,
        #[arg(long)]
        limit: Option<u32>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    #[command(flatten)]
    Proofs(proofs::ProofsCommand),
}

pub(crate) async fn run(command: AuditCommand) -> anyhow::Result<()> {
    if let AuditCommand::Proofs(command) = command {
        return proofs::run(command).await;
    }
    let AuditCommand::List {
        actor,
        action,
        subject_id,
        client_id,
        subject_type,
        request_id,
        correlation_id,
        after_position,
        before_position,
        from,
        until,
        sort,
        limit,
        cursor,
        connection,
    } = command
    else {
        return Ok(());
    };
    let rest = Rest::new(&connection)?;
    let query = [
        ("actor", actor),
        ("action", action),
        ("subject_id", subject_id),
        ("client_id", client_id),
        ("subject_type", subject_type),
        ("request_id", request_id),
        ("correlation_id", correlation_id),
        ("after_position", after_position),
        ("before_position", before_position),
        ("sort", sort),
        ("from", from),
        ("until", until),
        ("limit", limit.map(|limit| limit.to_string())),
        ("cursor", cursor),
    ];
    rest.print(&rest.get("/audit", &query).await?, &COLUMNS)
}
