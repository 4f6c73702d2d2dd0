//! `tollgate access recover`: whoever has the machine makes a token that the installation can be claimed with once more.

use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use domain::{
    Metadata, Reason, Refusal as _, Timestamp,
    metadata::ActorKind,
    principal::{Account, NewToken, PrincipalCommand, ReopenClaim},
};
use eventlog::{Execute, ExecuteError, installation};
use jiff::SignedDuration;
use secrecy::SecretString;

use super::operator::Who;
use crate::{
    runtime,
    transfer::{self, Place},
};

const MINUTES_DEFAULT: u8 = 60;

#[derive(Debug, Subcommand)]
pub(crate) enum AccessCommand {
    /// Make a token, shown once, that `tollgate claim` makes another administrator with
    ///
    /// It opens nothing else, and ends what was made before it. That it was made, by whom and why, is on record for good. The
    /// administrators there are stay what they are.
    Recover(RecoverFlags),
}

#[derive(Args, Debug)]
pub(crate) struct RecoverFlags {
    /// Why nobody can be asked instead
    #[arg(long)]
    reason: Reason,
    /// How long the token can be used
    #[arg(long, default_value_t = MINUTES_DEFAULT, value_parser = clap::value_parser!(u8).range(1..=60))]
    minutes: u8,
    #[command(flatten)]
    who: Who,
    /// The embedded engine's log in this directory; the server must not be running [default: tollgate-data]
    #[arg(long, env = "TOLLGATE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The log on a Postgres server, whose servers may run
    #[arg(long, env = "TOLLGATE_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<SecretString>,
    /// Where the peppers of that log lie [default: the data directory]
    #[arg(long, env = "TOLLGATE_SECRETS_DIR", value_name = "DIR")]
    secrets_dir: Option<PathBuf>,
    /// Speak to a Postgres server on another machine without TLS
    #[arg(long, env = "TOLLGATE_ALLOW_PLAINTEXT", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    allow_plaintext: Option<bool>,
}

pub(crate) async fn run(command: AccessCommand) -> anyhow::Result<()> {
    match command {
        AccessCommand::Recover(flags) => recover(flags).await,
    }
}

async fn recover(flags: RecoverFlags) -> anyhow::Result<()> {
    let RecoverFlags { reason, minutes, who, data_dir, database_url, secrets_dir, allow_plaintext } = flags;
    let place = transfer::place(data_dir, database_url, allow_plaintext)?;
    let actor = who.actor()?;
    let source = transfer::open(&place).await?;
    let (dir, shown) = match place {
        Place::Directory(dir) => (secrets_dir.unwrap_or(dir), "data_directory"),
        Place::Server(_) => {
            (secrets_dir.context("say where the peppers lie: --secrets-dir DIR")?, "database")
        }
    };
    // As they lie there; none is made.
    let peppers = installation::peppers_in(&dir)?;
    // Under a pepper that the servers do not have, the token would open nothing.
    for version in source.log.pepper_versions().await? {
        ensure!(
            peppers.has(version),
            "pepper.{version}.key is missing: name the --secrets-dir of the servers"
        );
    }
    let now: Timestamp = runtime::system_clock().now();
    let (token, secret) =
        api::new_principal_token(&peppers, &api::SystemRandom).context("cannot make a token")?;
    let expires_at =
        now.checked_add(SignedDuration::from_mins(i64::from(minutes))).context("the clock is wrong")?;
    let metadata = metadata(now, actor, shown, &reason);
    let token_of = NewToken { secret, expires_at };
    let command = PrincipalCommand::Reopen(ReopenClaim { now, token: token_of, reason });
    let ask: Execute<Account> = Execute {
        id: Account::claim_id(),
        command,
        metadata,
        expected_version: None,
        idempotency: None,
        personal: vec![],
    };
    let done = source.log.execute(ask).await;
    source.log.close().await;
    match done {
        Ok(_) => {
            println!("{}", token.expose());
            eprintln!(
                "Shown this once. Until {expires_at}, start the server and make an administrator with it:"
            );
            eprintln!("  TOLLGATE_TOKEN=… tollgate claim --name NAME");
            Ok(())
        }
        Err(ExecuteError::Refused(refusal)) => bail!("{}: {refusal}", refusal.code()),
        Err(failure) => Err(failure.into()),
    }
}

fn metadata(now: Timestamp, actor: String, shown: &str, reason: &Reason) -> Metadata {
    let id = format!("recover-{}", now.as_microsecond());
    Metadata {
        occurred_at: now,
        actor,
        actor_kind: ActorKind::Person,
        authenticated_by: shown.to_owned(),
        on_behalf_of: None,
        allowed_by: shown.to_owned(),
        address: None,
        user_agent: None,
        request_id: id.clone(),
        correlation_id: id.clone(),
        causation_id: None,
        reason: Some(reason.to_string()),
        command_id: id,
    }
}
