//! Settings of the receivers of leaked secrets.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use domain::Environment;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{is_plain_url, mask};

/// Flags of the receivers; each has a variable.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct LeakFlags {
    /// What becomes of a key whose secret is reported as leaked, such as `prod=revoke`; repeatable [default: quarantine]
    #[arg(long, env = "TOLLGATE_LEAK_POLICY", value_name = "ENV=revoke|quarantine", value_delimiter = ',')]
    pub(crate) leak_policy: Vec<String>,
    /// How often a quarantined secret may call in a minute, on each gateway node [default: 6]
    #[arg(long, env = "TOLLGATE_LEAK_CALLS_PER_MINUTE", value_name = "NUMBER")]
    pub(crate) leak_calls_per_minute: Option<u32>,
    /// GitHub's public keys for secret scanning, as it publishes them: opens `POST /v1/leaks/github`
    #[arg(long, env = "TOLLGATE_LEAK_GITHUB_KEYS", value_name = "FILE")]
    pub(crate) leak_github_keys: Option<PathBuf>,
    /// Where GitHub publishes them, instead of a file; asked at most once a minute
    #[arg(long, env = "TOLLGATE_LEAK_GITHUB_KEYS_URL", value_name = "URL")]
    pub(crate) leak_github_keys_url: Option<String>,
    /// What senders of other reports sign with, at least 32 characters: opens `POST /v1/leaks/generic`
    #[arg(long, env = "TOLLGATE_LEAK_SECRET", hide_env_values = true, value_name = "SECRET")]
    pub(crate) leak_secret: Option<SecretString>,
}

/// The same in the settings file: `[leaks]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LeakFile {
    policy: BTreeMap<Environment, LeakPolicy>,
    calls_per_minute: Option<u32>,
    github_keys: Option<PathBuf>,
    github_keys_url: Option<String>,
    secret: Option<SecretString>,
}

/// What becomes of a key whose secret has leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LeakPolicy {
    Revoke,
    Quarantine,
}

/// The receivers as they are set.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Leaks {
    pub(crate) policy: BTreeMap<Environment, LeakPolicy>,
    pub(crate) calls_per_minute: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) github_keys: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) github_keys_url: Option<String>,
    #[serde(serialize_with = "mask", skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<SecretString>,
}

pub(super) fn load(flags: LeakFlags, file: LeakFile) -> anyhow::Result<Leaks> {
    let LeakFlags { leak_policy, leak_calls_per_minute, .. } = &flags;
    let leaks = Leaks {
        policy: if leak_policy.is_empty() { file.policy } else { parse_policy(leak_policy)? },
        calls_per_minute: leak_calls_per_minute.or(file.calls_per_minute).unwrap_or(6),
        github_keys: flags.leak_github_keys.or(file.github_keys),
        github_keys_url: flags.leak_github_keys_url.or(file.github_keys_url),
        secret: flags.leak_secret.or(file.secret),
    };
    check(&leaks)?;
    Ok(leaks)
}

fn check(leaks: &Leaks) -> anyhow::Result<()> {
    ensure!(
        leaks.calls_per_minute <= 6_000,
        "leak_calls_per_minute = {} must be 0 to 6000",
        leaks.calls_per_minute
    );
    ensure!(
        leaks.github_keys.is_none() || leaks.github_keys_url.is_none(),
        "GitHub's keys come from a file or from a URL: give one of --leak-github-keys and --leak-github-keys-url"
    );
    if let Some(url) = &leaks.github_keys_url {
        ensure!(is_plain_url(url), "leak_github_keys_url must be a URL of HTTP, without a user or a query");
    }
    if let Some(secret) = &leaks.secret {
        ensure!(secret.expose_secret().len() >= 32, "leak_secret must have at least 32 characters");
    }
    Ok(())
}

fn parse_policy(given: &[String]) -> anyhow::Result<BTreeMap<Environment, LeakPolicy>> {
    let policy = |text: &String| {
        let (environment, what) =
            text.split_once('=').context("leak_policy must be written ENV=revoke or ENV=quarantine")?;
        let what = match what {
            "revoke" => LeakPolicy::Revoke,
            "quarantine" => LeakPolicy::Quarantine,
            other => bail!("leak_policy `{environment}` must be `revoke` or `quarantine`, not `{other}`"),
        };
        let named = || format!("leak_policy names the environment `{environment}`");
        Ok((environment.parse().with_context(named)?, what))
    };
    given.iter().map(policy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_are_closed_unless_they_are_opened() {
        let closed = load(LeakFlags::default(), LeakFile::default()).unwrap();
        assert!(closed.github_keys.is_none() && closed.secret.is_none());
        assert!(closed.policy.is_empty() && closed.calls_per_minute == 6);
        let flags = LeakFlags {
            leak_policy: vec!["prod=revoke".to_owned()],
            leak_secret: Some("a-shared-secret-of-32-characters".into()),
            ..LeakFlags::default()
        };
        let open = load(flags, LeakFile::default()).unwrap();
        assert!(open.secret.is_some());
        assert_eq!(open.policy.values().copied().collect::<Vec<_>>(), [LeakPolicy::Revoke]);
        assert!(!toml::to_string(&open).unwrap().contains("a-shared-secret"));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let flags = LeakFlags::default;
        for bad in [
            LeakFlags { leak_policy: vec!["prod".to_owned()], ..flags() },
            LeakFlags { leak_policy: vec!["prod=ignore".to_owned()], ..flags() },
            LeakFlags { leak_policy: vec!["P=revoke".to_owned()], ..flags() },
            LeakFlags { leak_secret: Some("short".into()), ..flags() },
            LeakFlags { leak_calls_per_minute: Some(6_001), ..flags() },
            LeakFlags { leak_github_keys_url: Some("ftp://x".to_owned()), ..flags() },
            LeakFlags {
                leak_github_keys: Some("keys.json".into()),
                leak_github_keys_url: Some("https://api.github.com/meta".to_owned()),
                ..flags()
            },
        ] {
            assert!(load(bad.clone(), LeakFile::default()).is_err(), "{bad:?}");
        }
    }
}
