//! Settings of signed checkpoints: under which name, and where they are published outside the database.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use clap::Args;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{is_plain_url, mask};

/// Flags of whoever signs the log; each has a variable.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct CheckpointFlags {
    /// The name that the log is signed under; without it, one that follows from its first event
    #[arg(long, env = "TOLLGATE_AUDIT_ORIGIN", value_name = "NAME")]
    pub(crate) audit_origin: Option<String>,
    /// Where signed checkpoints are written, beside the database and not in it [default: checkpoints in the data directory]
    #[arg(long, env = "TOLLGATE_CHECKPOINT_DIR", value_name = "DIR")]
    pub(crate) checkpoint_dir: Option<PathBuf>,
    /// Signed checkpoints are posted here
    #[arg(long, env = "TOLLGATE_CHECKPOINT_WEBHOOK", value_name = "URL")]
    pub(crate) checkpoint_webhook: Option<String>,
    /// Signed checkpoints are put under this prefix of an object store: `checkpoint`, and `checkpoints/SIZE`
    #[arg(long, env = "TOLLGATE_CHECKPOINT_OBJECTS", value_name = "URL")]
    pub(crate) checkpoint_objects: Option<String>,
    /// Shown as a bearer token to the webhook and the object store
    #[arg(long, env = "TOLLGATE_CHECKPOINT_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) checkpoint_token: Option<SecretString>,
}

/// The same in the settings file: `[checkpoints]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CheckpointFile {
    origin: Option<String>,
    dir: Option<PathBuf>,
    webhook: Option<String>,
    objects: Option<String>,
    token: Option<SecretString>,
}

/// How checkpoints are set.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Checkpoints {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<String>,
    pub(crate) dir: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) webhook: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) objects: Option<String>,
    #[serde(serialize_with = "mask", skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<SecretString>,
}

/// Where checkpoints are published unless the settings say otherwise.
pub(crate) fn usual_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("checkpoints")
}

pub(super) fn load(
    flags: CheckpointFlags,
    file: CheckpointFile,
    data_dir: &Path,
) -> anyhow::Result<Checkpoints> {
    let checkpoints = Checkpoints {
        origin: flags.audit_origin.or(file.origin),
        dir: flags.checkpoint_dir.or(file.dir).unwrap_or_else(|| usual_dir(data_dir)),
        webhook: flags.checkpoint_webhook.or(file.webhook),
        objects: flags.checkpoint_objects.or(file.objects),
        token: flags.checkpoint_token.or(file.token),
    };
    if let Some(origin) = &checkpoints.origin {
        check_origin(origin)?;
    }
    for (name, url) in
        [("checkpoint_webhook", &checkpoints.webhook), ("checkpoint_objects", &checkpoints.objects)]
    {
        ensure!(
            url.as_deref().is_none_or(is_plain_url),
            "{name} must be a URL of HTTP, without a user or a query"
        );
    }
    Ok(checkpoints)
}

/// Source: C2SP signed-note, on key names.
pub(crate) fn check_origin(origin: &str) -> anyhow::Result<()> {
    let fits = |one: char| one.is_ascii_alphanumeric() || "._-/".contains(one);
    ensure!(
        (1..=200).contains(&origin.len()) && origin.chars().all(fits),
        "audit_origin = `{origin}` must be 1 to 200 characters of A-Z, a-z, 0-9 and . _ - /, such as acme.example/tollgate"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_go_to_the_data_directory_unless_they_are_told_otherwise() {
        let usual = load(CheckpointFlags::default(), CheckpointFile::default(), Path::new("data")).unwrap();
        assert_eq!((usual.dir.as_path(), usual.origin), (Path::new("data/checkpoints"), None));
        let flags = || CheckpointFlags {
            checkpoint_token: Some("a-token-for-the-store".into()),
            ..CheckpointFlags::default()
        };
        let told = load(flags(), CheckpointFile::default(), Path::new("data")).unwrap();
        assert!(!toml::to_string(&told).unwrap().contains("a-token-for"));
        for bad in [
            CheckpointFlags { audit_origin: Some("two words".to_owned()), ..flags() },
            CheckpointFlags { audit_origin: Some("a+b".to_owned()), ..flags() },
            CheckpointFlags { checkpoint_webhook: Some("ftp://x".to_owned()), ..flags() },
            CheckpointFlags { checkpoint_objects: Some("https://user:pw@x".to_owned()), ..flags() },
        ] {
            assert!(load(bad.clone(), CheckpointFile::default(), Path::new("data")).is_err(), "{bad:?}");
        }
    }
}
