//! The settings file.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow};
use domain::Environment;
use gateway_doors::{Chosen, IdentityHeader, RateLimitHeaders};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    LogFormat, OnStale, Role, Unmatched, WhenAlone, checkpoints::CheckpointFile, leaks::LeakFile,
    notices::MailFile, proxies::ProxyFile, sign_in::SignInFile, webhooks::WebhookFile,
};

const USUAL_FILE: &str = "tollgate.toml";

/// `tollgate.toml`. A key that is not a setting is an error that names it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SettingsFile {
    pub(super) role: Vec<Role>,
    pub(super) database_url: Option<SecretString>,
    pub(super) database_connections: Option<u32>,
    pub(super) nats_url: Vec<SecretString>,
    pub(super) nats_credentials: Option<PathBuf>,
    pub(super) nats_ca: Option<PathBuf>,
    pub(super) nats_replicas: Option<u8>,
    pub(super) secrets_dir: Option<PathBuf>,
    pub(super) control_plane: Option<String>,
    pub(super) gateway_token: Option<SecretString>,
    pub(super) when_alone: Option<WhenAlone>,
    pub(super) quota_wait_ms: Option<u32>,
    pub(super) applied_wait_ms: Option<u32>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) http: Option<SocketAddr>,
    pub(super) gateway: Option<SocketAddr>,
    pub(super) gateway_socket: Option<PathBuf>,
    pub(super) environment: Option<Environment>,
    pub(super) node: Option<String>,
    pub(super) brand: Option<String>,
    pub(super) unmatched: BTreeMap<Environment, Unmatched>,
    pub(super) stale_after_seconds: Option<u32>,
    pub(super) on_stale: Option<OnStale>,
    pub(super) decisions_keep_days: Option<u32>,
    pub(super) usage_minutes_days: Option<u32>,
    pub(super) usage_quarters_days: Option<u32>,
    pub(super) usage_years: Option<u32>,
    pub(super) decisions_allowed_one_in: Option<u32>,
    pub(super) trust_forwarded: Option<bool>,
    pub(super) trust_cost_headers: Option<bool>,
    pub(super) identity_headers: Option<Chosen<IdentityHeader>>,
    pub(super) rate_limit_headers: Option<Chosen<RateLimitHeaders>>,
    pub(super) sightings_days: Option<u16>,
    pub(super) allow_plaintext: Option<bool>,
    pub(super) bootstrap_token: Option<SecretString>,
    pub(super) log: Option<String>,
    pub(super) log_format: Option<LogFormat>,
    pub(super) otlp_endpoint: Option<String>,
    pub(super) proxies: ProxyFile,
    pub(super) leaks: LeakFile,
    pub(super) mail: MailFile,
    pub(super) checkpoints: CheckpointFile,
    pub(super) sign_in: SignInFile,
    pub(super) webhooks: WebhookFile,
}

impl SettingsFile {
    /// A file that was named must be there; the usual one may be missing.
    pub(super) fn read(named: Option<&Path>) -> anyhow::Result<Self> {
        let file = named.unwrap_or(Path::new(USUAL_FILE));
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read the settings file {}", file.display()));
            }
        };
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let line = error
                .span()
                .map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
            anyhow!(
                "line {line} of the settings file {} is not right: {}",
                file.display(),
                error.message().replace('\n', " ")
            )
        })
    }
}
