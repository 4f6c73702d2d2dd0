//! `tollgate audit new-identity`: the way out for a log that can never again be the one that was signed.

use std::path::PathBuf;

use clap::Args;
use eventlog::signer::renew_identity;
use secrecy::SecretString;

use crate::{
    runtime,
    serve::checkpoints::published::Published,
    settings::{check_origin, usual_dir},
    transfer,
};

/// Which log gets another name, and why.
#[derive(Args, Debug)]
pub(crate) struct IdentityFlags {
    /// Why the log that was signed so far is not continued; kept for ever, and shown with the keys
    #[arg(long)]
    reason: String,
    /// The new name; without it, the one of before with a number behind it
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
    /// The embedded engine's log in this directory; the server must not be running [default: tollgate-data]
    #[arg(long, env = "TOLLGATE_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The log on a Postgres server
    #[arg(long, env = "TOLLGATE_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<SecretString>,
    /// Where signed checkpoints were published [default: checkpoints in the data directory]
    #[arg(long, env = "TOLLGATE_CHECKPOINT_DIR", value_name = "DIR")]
    checkpoint_dir: Option<PathBuf>,
    /// Speak to a Postgres server on another machine without TLS
    #[arg(long, env = "TOLLGATE_ALLOW_PLAINTEXT", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    allow_plaintext: Option<bool>,
}

pub(crate) async fn renew(flags: IdentityFlags) -> anyhow::Result<()> {
    let IdentityFlags { reason, origin, data_dir, database_url, checkpoint_dir, allow_plaintext } = flags;
    let reason: domain::Reason = reason.parse()?;
    origin.as_deref().map(check_origin).transpose()?;
    let usual = usual_dir(data_dir.as_deref().unwrap_or(std::path::Path::new("tollgate-data")));
    let published = Published::open(&checkpoint_dir.unwrap_or(usual))?.newest()?;
    let place = transfer::place(data_dir, database_url, allow_plaintext)?;
    let source = transfer::open(&place).await?;
    let now = runtime::system_clock().now();
    let renewed = renew_identity(&source.log, published.as_ref(), origin, reason.as_str(), now).await;
    source.log.close().await;
    let identity = renewed?;
    println!("From its next signature on the log is `{}`.", identity.origin);
    if let Some((origin, size)) = &identity.abandoned {
        println!("`{origin}` with its {size} events is on record as abandoned: {}.", identity.reason);
    }
    println!("Give verifiers the new key: `tollgate audit keys` prints it once the server has signed.");
    Ok(())
}
