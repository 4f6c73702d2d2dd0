//! `tollgate mail …`: addresses that mail does not reach.

mod bounce;

use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Connection, rest::Rest};
use bounce::Failed;

const ADDRESSES: [&str; 4] = ["address", "reason", "marked_at", "avoided_until"];
const CHANGED: [&str; 1] = ["addresses"];
/// A report has the letter in it that it is about; what is larger is none.
const REPORT_BYTES_MAX: u64 = 32 * 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum MailCommand {
    /// List the addresses that mail does not reach
    List {
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Have nothing sent to addresses for a week; what is for them goes to the client's owner
    Mark {
        #[arg(required = true)]
        addresses: Vec<String>,
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        connection: Connection,
    },
    /// Have letters go to addresses again
    Unmark {
        #[arg(required = true)]
        addresses: Vec<String>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Read a delivery status notification (RFC 3464) from the standard input, and mark those addresses in it that do not exist
    Bounce {
        #[command(flatten)]
        connection: Connection,
    },
}

pub(crate) async fn run(command: MailCommand) -> anyhow::Result<()> {
    match command {
        MailCommand::List { cursor, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get("/mail-addresses", &[("cursor", cursor)]).await?, &ADDRESSES)
        }
        MailCommand::Mark { addresses, reason, connection } => {
            let rest = Rest::new(&connection)?;
            change(&rest, "mark", &json!({ "addresses": addresses, "reason": reason })).await
        }
        MailCommand::Unmark { addresses, connection } => {
            let rest = Rest::new(&connection)?;
            change(&rest, "unmark", &json!({ "addresses": addresses })).await
        }
        MailCommand::Bounce { connection } => {
            let mut report = vec![];
            let mut input = std::io::stdin().lock().take(REPORT_BYTES_MAX + 1);
            input.read_to_end(&mut report).context("reading the report")?;
            if u64::try_from(report.len()).is_ok_and(|bytes| bytes > REPORT_BYTES_MAX) {
                bail!("the report is longer than {REPORT_BYTES_MAX} bytes");
            }
            mark_failed(&Rest::new(&connection)?, &bounce::failed(&report)?).await
        }
    }
}

/// A report without one that is gone for good changes nothing, and is no error: whoever piped it in would send it back.
async fn mark_failed(rest: &Rest<'_>, failed: &[Failed]) -> anyhow::Result<()> {
    for Failed { address, reason } in failed {
        change(rest, "mark", &json!({ "addresses": [address], "reason": reason })).await?;
    }
    Ok(())
}

async fn change(rest: &Rest<'_>, how: &str, body: &Value) -> anyhow::Result<()> {
    rest.print(&rest.post(&format!("/mail-addresses/{how}"), body).await?, &CHANGED)
}
