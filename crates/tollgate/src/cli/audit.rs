//! `tollgate audit …`.

pub(crate) mod proofs;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{Connection, rest::Rest};

const COLUMNS: [&str; 8] =
    ["position", "occurred_at", "actor.id", "action", "outcome", "subject.id", "address", "reason"];
const LINKS: [&str; 7] = [
    "entry.position",
    "caused_by",
    "entry.occurred_at",
    "entry.actor.id",
    "entry.action",
    "entry.subject.id",
    "entry.reason",
];

/// What was told of the entries of a chain, below them.
const TOLD: [&str; 7] = ["position", "kind", "type", "channel", "webhook_id", "state", "ended_at"];

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List who did what, the latest first
    List {
        #[command(flatten)]
        filters: Filters,
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
    /// Show an entry, with what it changed
    Show {
        position: u64,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show what an entry was caused by, and what came of it
    Chain {
        position: u64,
        #[command(flatten)]
        connection: Connection,
    },
    /// Write all entries that are found to a file, the oldest first
    ///
    /// Names and addresses of people are in it: the file is readable by this user alone. That it was taken out is on record.
    Download {
        file: PathBuf,
        #[arg(long, value_enum, default_value_t = Form::Jsonl)]
        format: Form,
        /// Each with the proof that it is in the log
        #[arg(long)]
        proofs: bool,
        #[command(flatten)]
        filters: Filters,
        #[command(flatten)]
        connection: Connection,
    },
    /// Find whose secret one is, and what is on record about it
    ///
    /// The secret is read from `TOLLGATE_SECRET`, never from the command line.
    Search {
        #[arg(long, env = "TOLLGATE_SECRET", hide = true, hide_env_values = true)]
        secret: Option<String>,
        #[command(flatten)]
        connection: Connection,
    },
    #[command(flatten)]
    Proofs(proofs::ProofsCommand),
}

/// A form that entries are taken out in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Csv,
    Jsonl,
    /// Events of the Open Cybersecurity Schema Framework, one a line
    Ocsf,
}

/// Which entries.
#[derive(Args, Debug)]
pub(crate) struct Filters {
    #[arg(long)]
    actor: Option<String>,
    /// Such as `api_key.revoked`, or `api_key.*`
    #[arg(long)]
    action: Option<String>,
    /// succeeded, denied or failed
    #[arg(long)]
    outcome: Option<String>,
    /// From where it was asked for, where that is not erased
    #[arg(long)]
    address: Option<String>,
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
}

impl Filters {
    fn query(self) -> Vec<(&'static str, Option<String>)> {
        let Self { actor, action, outcome, address, subject_id, client_id, subject_type, .. } = self;
        let Self { request_id, correlation_id, after_position, before_position, from, until, .. } = self;
        vec![
            ("actor", actor),
            ("action", action),
            ("outcome", outcome),
            ("address", address),
            ("subject_id", subject_id),
            ("client_id", client_id),
            ("subject_type", subject_type),
            ("request_id", request_id),
            ("correlation_id", correlation_id),
            ("after_position", after_position),
            ("before_position", before_position),
            ("from", from),
            ("until", until),
        ]
    }
}

pub(crate) async fn run(command: AuditCommand) -> anyhow::Result<()> {
    match command {
        AuditCommand::List { filters, sort, limit, cursor, connection } => {
            let rest = Rest::new(&connection)?;
            let limit = limit.map(|limit| limit.to_string());
            let mut query = filters.query();
            query.extend([("sort", sort), ("limit", limit), ("cursor", cursor)]);
            rest.print(&rest.get("/audit", &query).await?, &COLUMNS)
        }
        AuditCommand::Show { position, connection } => {
            let rest = Rest::new(&connection)?;
            rest.print(&rest.get(&format!("/audit/{position}"), &[]).await?, &[])
        }
        AuditCommand::Chain { position, connection } => {
            let rest = Rest::new(&connection)?;
            let chain = rest.get(&format!("/audit/{position}/chain"), &[]).await?;
            rest.print(&chain, &LINKS)?;
            rest.print_below(&chain, "deliveries", &TOLD)
        }
        AuditCommand::Download { file, format, proofs, filters, connection } => {
            let format = match format {
                Form::Csv => "csv",
                Form::Jsonl => "jsonl",
                Form::Ocsf => "ocsf",
            };
            let mut query = filters.query();
            query.push(("format", Some(format.to_owned())));
            query.push(("proofs", proofs.then(|| "true".to_owned())));
            Rest::new(&connection)?.download("/audit", &query, &file).await?;
            println!("Wrote {}.", file.display());
            Ok(())
        }
        AuditCommand::Search { secret, connection } => {
            let rest = Rest::new(&connection)?;
            let secret = secret.context("give the secret in TOLLGATE_SECRET")?;
            let answer = rest.post("/audit/search-secret", &json!({ "secret": secret })).await?;
            match answer.body.get("found").filter(|found| !found.is_null()) {
                Some(found) => eprintln!("found: {found}"),
                None => eprintln!("found: nothing"),
            }
            rest.print(&answer, &COLUMNS)
        }
        AuditCommand::Proofs(command) => proofs::run(command).await,
    }
}
