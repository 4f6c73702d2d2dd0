//! `tollgate gateway …`.

use clap::Subcommand;

use super::{Connection, rest::Rest};

const COLUMNS: [&str; 8] =
    ["environment", "node", "state", "position", "lag_events", "lag_seconds", "stale", "heard_at"];

#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// List the nodes that judge calls, and how far each has come
    Nodes {
        #[command(flatten)]
        connection: Connection,
    },
}

pub(crate) async fn run(command: GatewayCommand) -> anyhow::Result<()> {
    let GatewayCommand::Nodes { connection } = command;
    let rest = Rest::new(&connection)?;
    rest.print(&rest.get("/gateway/nodes", &[]).await?, &COLUMNS)
}
