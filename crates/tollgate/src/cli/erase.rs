//! `tollgate erase`.

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::{Connection, rest::Rest};

const COLUMNS: [&str; 3] = ["id", "values", "complete"];

/// Whose personal values are erased, and why.
#[derive(Args, Debug)]
pub(crate) struct EraseFlags {
    /// A disabled person: name, address, identity, and the network addresses of all they did
    #[arg(long, conflicts_with_all = ["client_id", "values"])]
    principal_id: Option<String>,
    /// A client's owner and contacts
    #[arg(long)]
    client_id: Option<String>,
    /// A value as it was given, wherever it is, or of the client alone; repeatable
    #[arg(long = "value")]
    values: Vec<String>,
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    connection: Connection,
}

/// Asks until nothing is left: the server takes a bounded number of values at once.
pub(crate) async fn run(flags: EraseFlags) -> anyhow::Result<()> {
    let EraseFlags { principal_id, client_id, values, reason, connection } = flags;
    if principal_id.is_none() && client_id.is_none() && values.is_empty() {
        bail!("name a person, a client, or values");
    }
    let mut body = json!({ "values": values, "reason": reason });
    for (name, id) in [("principal_id", principal_id), ("client_id", client_id)] {
        if let (Some(id), Some(fields)) = (id, body.as_object_mut()) {
            fields.insert(name.to_owned(), id.into());
        }
    }
    let rest = Rest::new(&connection)?;
    loop {
        let answer = rest.post("/erasures", &body).await?;
        rest.print(&answer, &COLUMNS)?;
        if connection.dry_run || answer.body.get("complete") != Some(&Value::Bool(false)) {
            return Ok(());
        }
    }
}
