//! `tollgate audit checkpoint|keys|proof|consistency|export|verify|new-identity`.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Subcommand;
use eventlog::{
    audit_file::{Outcome, Report, verify},
    note::VerifierKey,
};

use serde_json::json;

use super::super::{
    Connection,
    output::{self, Format},
    rest::Rest,
};
use crate::identity::{self, IdentityFlags};

const KEYS: [&str; 4] = ["vkey", "signs", "first_size", "first_signed_at"];
const IDENTITIES: [&str; 6] = ["number", "origin", "made_at", "reason", "abandoned_origin", "abandoned_size"];

const VERIFY_CODES: &str = "Exit codes: 0 every entry is proven; 10 entries were altered; 11 entries are missing; 12 entries stand in another \
order; 13 lines were inserted; 14 the file was cut off; 15 every entry is proven, and yet a byte is another; 16 the signed checkpoint does not \
prove the file, or is not signed by the key that was given; 17 this is no export. The gravest counts.";

#[derive(Debug, Subcommand)]
pub(crate) enum ProofsCommand {
    /// Show the newest signed checkpoint of the log
    Checkpoint {
        /// The signed note alone, as others keep it
        #[arg(long)]
        note: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// List the keys that sign the log, and the names it was signed under
    Keys {
        #[command(flatten)]
        connection: Connection,
    },
    /// Show the proof that an entry is in the log
    Proof {
        position: u64,
        /// In the log of that size, instead of the newest checkpoint's
        #[arg(long)]
        size: Option<u64>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Show the proof that the log only grew between two sizes
    Consistency {
        #[arg(long)]
        from: u64,
        /// Instead of the newest checkpoint's size
        #[arg(long)]
        to: Option<u64>,
        #[command(flatten)]
        connection: Connection,
    },
    /// Write the log to a file that proves itself, to be checked by `tollgate audit verify`
    ///
    /// Names and addresses of people are in it, unless they are left out: the file is readable by this user alone.
    Export {
        file: PathBuf,
        /// The first position [default: 1]
        #[arg(long)]
        from: Option<u64>,
        /// The last position [default: the newest checkpoint's]
        #[arg(long)]
        until: Option<u64>,
        /// Leave personal values out; every entry is proven all the same
        #[arg(long)]
        without_personal: bool,
        #[command(flatten)]
        connection: Connection,
    },
    /// Say what an exported file proves; asks nobody
    #[command(after_help = VERIFY_CODES)]
    Verify {
        file: PathBuf,
        /// The key that the log is known by, from elsewhere than this file: NAME+ID+KEY
        #[arg(long, value_name = "VKEY")]
        key: Option<VerifierKey>,
    },
    /// Sign the log under another name from here on: what was signed before is abandoned, on record
    ///
    /// The way out when events are lost for good and the log can never again be the one that was signed.
    NewIdentity(IdentityFlags),
}

/// What `verify` found: its words are printed already.
#[derive(Debug)]
pub(crate) struct NotProven(pub(crate) u8);

impl std::fmt::Display for NotProven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the file does not prove what it has in it")
    }
}

impl std::error::Error for NotProven {}

pub(crate) async fn run(command: ProofsCommand) -> anyhow::Result<()> {
    let given = |number: Option<u64>| number.map(|number| number.to_string());
    match command {
        ProofsCommand::Checkpoint { note, connection } => checkpoint(note, &connection).await,
        ProofsCommand::Keys { connection } => keys(&connection).await,
        ProofsCommand::Proof { position, size, connection } => {
            let rest = Rest::new(&connection)?;
            let proof = rest.get(&format!("/audit/{position}/proof"), &[("size", given(size))]).await?;
            rest.print(&proof, &["position", "size", "leaf_hash", "hashes", "root"])
        }
        ProofsCommand::Consistency { from, to, connection } => {
            let rest = Rest::new(&connection)?;
            let query = [("from", given(Some(from))), ("to", given(to))];
            let proof = rest.get("/audit/consistency", &query).await?;
            rest.print(&proof, &["from", "to", "from_root", "to_root", "hashes"])
        }
        ProofsCommand::Export { file, from, until, without_personal, connection } => {
            let personal = without_personal.then(|| "false".to_owned());
            let query = [("from", given(from)), ("until", given(until)), ("personal", personal)];
            Rest::new(&connection)?.download("/audit/export", &query, &file).await?;
            println!("Wrote {}. Check it by `tollgate audit verify`.", file.display());
            Ok(())
        }
        ProofsCommand::Verify { file, key } => check(&file, key.as_ref()),
        ProofsCommand::NewIdentity(flags) => identity::renew(flags).await,
    }
}

/// Two tables for people, one below the other; programs have the answer as it is, or the keys.
async fn keys(connection: &Connection) -> anyhow::Result<()> {
    let rest = Rest::new(connection)?;
    let answer = rest.get("/audit/keys", &[]).await?;
    if connection.output == Format::Json {
        return rest.print(&answer, &[]);
    }
    let keys = json!({ "items": answer.body.get("keys").cloned().unwrap_or_default() });
    output::print(&keys, &KEYS, connection.output)?;
    rest.print_below(&answer, "identities", &IDENTITIES)
}

async fn checkpoint(note: bool, connection: &Connection) -> anyhow::Result<()> {
    let rest = Rest::new(connection)?;
    let checkpoint = rest.get("/audit/checkpoint", &[]).await?;
    if note {
        print!("{}", checkpoint.body.get("note").and_then(serde_json::Value::as_str).unwrap_or_default());
        return Ok(());
    }
    rest.print(&checkpoint, &["origin", "size", "root", "signed_at"])
}

fn check(file: &Path, key: Option<&VerifierKey>) -> anyhow::Result<()> {
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let report = verify(BufReader::new(opened), key);
    let report = report.with_context(|| format!("cannot read {}", file.display()))?;
    print(&report);
    match report.outcome() {
        Outcome::Proven => Ok(()),
        outcome => Err(NotProven(outcome.exit_code()).into()),
    }
}

fn print(report: &Report) {
    let Report { origin, from, until, size, proven, keys, pinned, findings, more, .. } = report;
    for finding in findings {
        println!("{finding}");
    }
    if *more > 0 {
        println!("… and {more} more");
    }
    if report.outcome() == Outcome::NotAnExport {
        return;
    }
    let asked = until.saturating_sub(*from).saturating_add(1);
    println!(
        "{proven} of {asked} entries are proven: positions {from} to {until} of `{origin}`, signed at {size}."
    );
    if *pinned {
        println!("The checkpoint is signed by the key that was given.");
    } else if report.outcome() < Outcome::Unproven {
        println!(
            "The key was not pinned: whoever wrote the file may have made it up. Compare it with one from elsewhere (--key):"
        );
        keys.iter().for_each(|key| println!("  {key}"));
    }
}
