//! `tollgate export` and `tollgate import`: the log taken from one engine to the other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Args;
use eventlog::{
    EventLog,
    installation::{Installation, fingerprints},
    postgres::PostgresSettings,
    transfer::{self, Destination, Origin, Stage, Summary, Verified},
};
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::SecretString;

use crate::runtime;

/// A batch is no call that somebody waits for.
const STATEMENT_AT_MOST: Duration = Duration::from_secs(60);

/// What is moved, and where to or from.
#[derive(Args, Debug)]
pub(crate) struct TransferFlags {
    /// The file: one JSON object a line, readable by this user alone, for names and addresses of people are in it
    file: PathBuf,
    /// The embedded engine's log in this directory; the server must not be running [default: tollgate-data]
    #[arg(long, env = "TOLLGATE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The log on a Postgres server, prepared by `tollgate migrate`
    #[arg(long, env = "TOLLGATE_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<SecretString>,
    /// Where the peppers and the signing key of that log lie; they are compared, not moved [default: the data directory]
    #[arg(long, env = "TOLLGATE_SECRETS_DIR", value_name = "DIR")]
    secrets_dir: Option<PathBuf>,
    /// Speak to a Postgres server on another machine without TLS
    #[arg(long, env = "TOLLGATE_ALLOW_PLAINTEXT", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    allow_plaintext: Option<bool>,
}

/// Where the log is.
pub(crate) enum Place {
    Directory(PathBuf),
    Server(PostgresSettings),
}

impl TransferFlags {
    /// The file, the place of the log and of its secrets, if that is known.
    fn parts(self) -> anyhow::Result<(PathBuf, Place, Option<PathBuf>)> {
        let Self { file, data_dir, database_url, secrets_dir, allow_plaintext } = self;
        let place = place(data_dir, database_url, allow_plaintext)?;
        let secrets = match &place {
            Place::Directory(dir) => secrets_dir.or_else(|| Some(dir.clone())),
            Place::Server(_) => secrets_dir,
        };
        Ok((file, place, secrets))
    }
}

/// The one place that the flags name.
pub(crate) fn place(
    data_dir: Option<PathBuf>,
    database_url: Option<SecretString>,
    allow_plaintext: Option<bool>,
) -> anyhow::Result<Place> {
    let Some(url) = database_url else {
        return Ok(Place::Directory(data_dir.unwrap_or_else(|| PathBuf::from("tollgate-data"))));
    };
    ensure!(
        data_dir.is_none(),
        "the log is in one place: give --data-dir or --database-url, and look for TOLLGATE_DATA_DIR and TOLLGATE_DATABASE_URL"
    );
    let mut settings = PostgresSettings::new(url);
    settings.statement_timeout = STATEMENT_AT_MOST;
    settings.allow_plaintext = allow_plaintext.unwrap_or(false);
    Ok(Place::Server(settings))
}

pub(crate) async fn export(flags: TransferFlags) -> anyhow::Result<()> {
    let (file, place, secrets_dir) = flags.parts()?;
    let secrets = secrets_dir.map(|dir| fingerprints(&dir)).transpose()?.unwrap_or_default();
    let source = open(&place).await?;
    let origin = Origin {
        tollgate: env!("CARGO_PKG_VERSION").to_owned(),
        source: source.name,
        exported_at: runtime::system_clock().now(),
        secrets,
    };
    let bar = Bar::new()?;
    let mut progress = |stage, done, total| bar.show(stage, done, total);
    let exported = transfer::export(&source.log, &file, origin, &mut progress).await;
    bar.0.finish_and_clear();
    source.log.close().await;
    let summary = exported.context("the log was not exported")?;
    println!("Exported {} to {}.", sum(&summary), file.display());
    println!(
        "Not in the file: the peppers and the signing key (pepper.*.key, signing.key), which must be taken"
    );
    println!("along by hand, and usage with the gateways' counters, which stay behind.");
    Ok(())
}

/// A log that is at hand.
pub(crate) struct Source {
    pub(crate) log: EventLog,
    name: String,
    /// The lock refuses a server that would add to the log meanwhile.
    _installation: Option<Installation>,
}

pub(crate) async fn open(place: &Place) -> anyhow::Result<Source> {
    let clock = runtime::system_clock();
    match place {
        Place::Directory(dir) => {
            let name = dir.display().to_string();
            ensure!(dir.join("events.db").exists(), "there is no log in {name}");
            let installation = Installation::open(dir)?;
            let log = EventLog::open_sqlite(&installation.events_database(), clock).await?;
            Ok(Source { log, name, _installation: Some(installation) })
        }
        Place::Server(settings) => {
            let log = EventLog::open_postgres(settings, clock).await?;
            Ok(Source { log, name: settings.server_name()?, _installation: None })
        }
    }
}

pub(crate) async fn import(flags: TransferFlags) -> anyhow::Result<()> {
    let (file, place, secrets_dir) = flags.parts()?;
    let bar = Bar::new()?;
    let mut progress = |stage, done, total| bar.show(stage, done, total);
    let verified = Verified::read(&file, &mut progress)?;
    let missing = match &secrets_dir {
        Some(dir) => check_secrets(verified.summary(), dir)?,
        None => secret_files(verified.summary()),
    };
    let imported = match &place {
        Place::Directory(dir) => {
            let installation = Installation::open(dir)?;
            let database = installation.events_database();
            verified.import(&Destination::Sqlite(&database), &mut progress).await
        }
        Place::Server(settings) => verified.import(&Destination::Postgres(settings), &mut progress).await,
    };
    bar.0.finish_and_clear();
    imported.context("the log was not imported")?;
    println!("Imported {}.", sum(verified.summary()));
    println!("The root is computed from what the log has now, and is the exported one.");
    if !missing.is_empty() {
        println!(
            "Before a server starts on it, bring along from the exported installation: {}.",
            missing.join(", ")
        );
    }
    println!("Usage and the gateways' counters have stayed behind.");
    if let Place::Directory(dir) = &place
        && dir.join("read.db").exists()
    {
        println!("There are read models of before: run `tollgate projections rebuild`.");
    }
    Ok(())
}

fn sum(summary: &Summary) -> String {
    let Summary { size, root, personal_values, commands, .. } = summary;
    format!(
        "{size} events with {personal_values} personal values and {commands} commands, root {}",
        hex::encode(root)
    )
}

/// The files without which the log's keys are recognised by nobody, and its checkpoints signed by another.
fn secret_files(summary: &Summary) -> Vec<String> {
    let mut names: Vec<String> = summary.secrets.keys().cloned().collect();
    names.extend(summary.pepper_versions.iter().map(|version| format!("pepper.{version}.key")));
    names.extend(["pepper.1.key".to_owned(), "signing.key".to_owned()]);
    names.sort_unstable();
    names.dedup();
    names
}

/// Refuses secrets that cannot be the ones this log was written with, before anything is written. The names of those
/// that are not here yet and may come later.
fn check_secrets(summary: &Summary, dir: &Path) -> anyhow::Result<Vec<String>> {
    let here = fingerprints(dir)?;
    for (name, expected) in &summary.secrets {
        if here.get(name).is_some_and(|fingerprint| fingerprint != expected) {
            bail!(
                "{} is another than the exported installation's: put that one in its place, or no issued key \
                 would be recognised and no checkpoint be continued",
                dir.join(name).display()
            );
        }
    }
    for version in &summary.pepper_versions {
        let name = format!("pepper.{version}.key");
        ensure!(
            here.contains_key(&name),
            "{} is missing: digests of issued keys were made under it; copy it from the exported installation first",
            dir.join(&name).display()
        );
    }
    Ok(secret_files(summary).into_iter().filter(|name| !here.contains_key(name)).collect())
}

/// One bar for all that is done one after the other.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> anyhow::Result<Self> {
        let style = ProgressStyle::with_template("{msg:10} {bar:40} {percent:>3} % {eta}")
            .context("the progress bar has no form")?;
        Ok(Self(ProgressBar::new(0).with_style(style)))
    }

    fn show(&self, stage: Stage, done: u64, total: u64) {
        let name = match stage {
            Stage::Resuming => "Resuming",
            Stage::Exporting => "Exporting",
            Stage::Verifying => "Verifying",
            Stage::Importing => "Importing",
            Stage::Checking => "Checking",
        };
        if self.0.message() != name {
            self.0.reset();
            self.0.set_message(name);
        }
        self.0.set_length(total);
        self.0.set_position(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary {
        Summary {
            size: 3,
            root: [0; 32],
            personal_values: 0,
            commands: 0,
            pepper_versions: [2].into(),
            secrets: [].into(),
        }
    }

    #[test]
    fn secrets_that_cannot_be_the_right_ones_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let installation = Installation::open(dir.path()).unwrap();
        installation.write("pepper.1.key", &"ab".repeat(32)).unwrap();
        let refused = check_secrets(&summary(), dir.path()).unwrap_err().to_string();
        assert!(refused.contains("pepper.2.key is missing"), "{refused}");
        installation.write("pepper.2.key", &"cd".repeat(32)).unwrap();
        assert_eq!(check_secrets(&summary(), dir.path()).unwrap(), ["signing.key"]);

        let mut known = summary();
        known.secrets = fingerprints(dir.path()).unwrap();
        assert_eq!(check_secrets(&known, dir.path()).unwrap(), ["signing.key"]);
        installation.write("pepper.2.key", &"ce".repeat(32)).unwrap();
        let refused = check_secrets(&known, dir.path()).unwrap_err().to_string();
        assert!(refused.contains("pepper.2.key is another"), "{refused}");
    }
}
