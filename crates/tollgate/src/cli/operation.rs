//! `tollgate operation …`.

use clap::Subcommand;

use super::{Connection, client::Reasoned, rest::Rest};

const COLUMNS: [&str; 8] =
    ["id", "kind", "status", "items_done", "items_total", "refused", "ordered_by", "created_at"];
const ITEM_COLUMNS: [&str; 5] = ["number", "subject", "result", "code", "detail"];

#[derive(Debug, Subcommand)]
pub(crate) enum OperationCommand {
    /// List operations
    List {
        /// planned, running, finished or cancelled
        #[arg(long)]
        status: Option<String>,
        /// `revoke_keys`, `suspend_keys`, `import_keys`, `replay_webhook` or `export_report`
        #[arg(long)]
        kind: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show how far an operation is
    Show {
        id: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// List what became of an operation's items
    Items {
        id: String,
        /// applied, unchanged or refused
        #[arg(long)]
        result: Option<String>,
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Stop an operation before its next items; what was done stays done
    Cancel(Reasoned),
}

pub(crate) async fn run(command: OperationCommand) -> anyhow::Result<()> {
    match command {
        OperationCommand::List { status, kind, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [("status", status), ("kind", kind), ("cursor", cursor)];
            rest.print(&rest.get("/operations", &query).await?, &COLUMNS)
        }
        OperationCommand::Show { id, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/operations/{id}"), &[]).await?, &[])
        }
        OperationCommand::Items { id, result, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [("result", result), ("cursor", cursor)];
            rest.print(&rest.get(&format!("/operations/{id}/items"), &query).await?, &ITEM_COLUMNS)
        }
        OperationCommand::Cancel(order) => order.order("operations", "cancel").await,
    }
}
