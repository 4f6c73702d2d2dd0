//! What a server is told: defaults, then `tollgate.toml`, then `TOLLGATE_*`, then flags; the later wins.

mod checkpoints;
mod file;
mod flags;
mod leaks;
mod notices;
mod production;
mod proxies;
mod sign_in;
mod webhooks;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::PathBuf,
};

use anyhow::{Context, bail};
use clap::ValueEnum;
use domain::Environment;
use gateway_doors::{Chosen, IdentityHeader, RateLimitHeaders};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub(crate) use checkpoints::{Checkpoints, check_origin, usual_dir};
pub(crate) use file::SettingsFile;
pub(crate) use flags::ServeFlags;
pub(crate) use leaks::{LeakPolicy, Leaks};
pub(crate) use notices::Mail;
pub(crate) use production::{ControlPlane, Database, Nats, Role, WhenAlone};
pub(crate) use proxies::Proxies;
pub(crate) use sign_in::{Machine, RoleRule, SignIn};
pub(crate) use webhooks::Webhooks;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnStale {
    Serve,
    Refuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unmatched {
    Allow,
    Refuse,
}

/// The settings in force.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Settings {
    pub(crate) roles: BTreeSet<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<Database>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nats: Option<Nats>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) control_plane: Option<ControlPlane>,
    pub(crate) when_alone: WhenAlone,
    pub(crate) quota_wait_ms: u32,
    pub(crate) applied_wait_ms: u32,
    pub(crate) secrets_dir: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) http: SocketAddr,
    pub(crate) gateway: SocketAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gateway_socket: Option<PathBuf>,
    pub(crate) environment: Environment,
    pub(crate) node: String,
    pub(crate) brand: String,
    pub(crate) unmatched: BTreeMap<Environment, Unmatched>,
    pub(crate) stale_after_seconds: u32,
    pub(crate) on_stale: OnStale,
    pub(crate) decisions_keep_days: u32,
    pub(crate) usage_minutes_days: u32,
    pub(crate) usage_quarters_days: u32,
    pub(crate) usage_years: u32,
    pub(crate) decisions_allowed_one_in: u32,
    pub(crate) trust_forwarded: bool,
    pub(crate) trust_cost_headers: bool,
    pub(crate) identity_headers: Chosen<IdentityHeader>,
    pub(crate) rate_limit_headers: Chosen<RateLimitHeaders>,
    pub(crate) sightings_days: u16,
    pub(crate) allow_plaintext: bool,
    pub(crate) log: String,
    pub(crate) log_format: LogFormat,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_endpoint: Option<String>,
    #[serde(serialize_with = "mask", skip_serializing_if = "Option::is_none")]
    pub(crate) bootstrap_token: Option<SecretString>,
    #[serde(serialize_with = "mask", skip_serializing_if = "Option::is_none")]
    pub(crate) gateway_token: Option<SecretString>,
    pub(crate) proxies: Proxies,
    pub(crate) leaks: Leaks,
    pub(crate) mail: Mail,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) sign_in: SignIn,
    pub(crate) webhooks: Webhooks,
}

fn mask<S: serde::Serializer>(_: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("********")
}

/// The settings that these flags, the variables and the file come to.
///
/// # Errors
/// When the file cannot be read or has a key that is not a setting, or a value is out of its bounds.
pub(crate) fn load(flags: ServeFlags) -> anyhow::Result<Settings> {
    let file = SettingsFile::read(flags.config.as_deref())?;
    let unmatched =
        if flags.unmatched.is_empty() { file.unmatched } else { parse_unmatched(&flags.unmatched)? };
    let data_dir = flags.data_dir.or(file.data_dir).unwrap_or_else(|| PathBuf::from("tollgate-data"));
    let node = flags.node.or(file.node);
    let named = node.is_some();
    let one_in = flags.decisions_allowed_one_in.or(file.decisions_allowed_one_in).unwrap_or(1_000);
    let settings = Settings {
        roles: production::roles(flags.roles, file.role),
        database: production::database(
            flags.database_url.or(file.database_url),
            flags.database_connections.or(file.database_connections),
        ),
        nats: production::nats(
            if flags.nats_url.is_empty() { file.nats_url } else { flags.nats_url },
            flags.nats_credentials.or(file.nats_credentials),
            flags.nats_ca.or(file.nats_ca),
            flags.nats_replicas.or(file.nats_replicas),
        ),
        control_plane: flags.control_plane.or(file.control_plane).map(|url| ControlPlane { url }),
        when_alone: flags.when_alone.or(file.when_alone).unwrap_or(WhenAlone::Share),
        quota_wait_ms: flags.quota_wait_ms.or(file.quota_wait_ms).unwrap_or(100),
        applied_wait_ms: flags.applied_wait_ms.or(file.applied_wait_ms).unwrap_or(5_000),
        secrets_dir: flags.secrets_dir.or(file.secrets_dir).unwrap_or_else(|| data_dir.clone()),
        gateway_token: flags.gateway_token.or(file.gateway_token),
        checkpoints: checkpoints::load(flags.checkpoints, file.checkpoints, &data_dir)?,
        data_dir,
        http: flags.http.or(file.http).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
        gateway: flags.gateway.or(file.gateway).unwrap_or(SocketAddr::from(([127, 0, 0, 1], 9090))),
        gateway_socket: flags.gateway_socket.or(file.gateway_socket),
        environment: flags.environment.or(file.environment).map_or_else(|| "prod".parse(), Ok)?,
        node: node.unwrap_or_else(|| "local".to_owned()),
        brand: flags.brand.or(file.brand).unwrap_or_else(|| "tg".to_owned()),
        unmatched,
        stale_after_seconds: flags.stale_after_seconds.or(file.stale_after_seconds).unwrap_or(60),
        on_stale: flags.on_stale.or(file.on_stale).unwrap_or(OnStale::Serve),
        decisions_keep_days: flags.decisions_keep_days.or(file.decisions_keep_days).unwrap_or(7),
        usage_minutes_days: flags.usage_minutes_days.or(file.usage_minutes_days).unwrap_or(2),
        usage_quarters_days: flags.usage_quarters_days.or(file.usage_quarters_days).unwrap_or(400),
        usage_years: flags.usage_years.or(file.usage_years).unwrap_or(5),
        decisions_allowed_one_in: one_in,
        trust_forwarded: flags.trust_forwarded.or(file.trust_forwarded).unwrap_or(false),
        trust_cost_headers: flags.trust_cost_headers.or(file.trust_cost_headers).unwrap_or(false),
        identity_headers: flags.identity_headers.or(file.identity_headers).unwrap_or_default(),
        rate_limit_headers: flags.rate_limit_headers.or(file.rate_limit_headers).unwrap_or_default(),
        sightings_days: flags.sightings_days.or(file.sightings_days).unwrap_or(30),
        allow_plaintext: flags.allow_plaintext.or(file.allow_plaintext).unwrap_or(false),
        log: flags.log.or(file.log).unwrap_or_else(|| "info".to_owned()),
        log_format: flags.log_format.or(file.log_format).unwrap_or(LogFormat::Text),
        otlp_endpoint: flags.otlp_endpoint.or(file.otlp_endpoint),
        bootstrap_token: flags.bootstrap_token.or(file.bootstrap_token),
        proxies: proxies::load(flags.proxies, file.proxies),
        leaks: leaks::load(flags.leaks, file.leaks)?,
        mail: notices::load(flags.mail, file.mail)?,
        sign_in: sign_in::load(flags.sign_in, file.sign_in)?,
        webhooks: webhooks::load(flags.webhooks, file.webhooks),
    };
    settings.check()?;
    production::check(&settings, named)?;
    Ok(settings)
}

impl Settings {
    /// Where people reach this API and the console.
    pub(crate) fn public_url(&self) -> String {
        self.sign_in.public_url.clone().unwrap_or_else(|| format!("http://{}", self.http))
    }

    fn check(&self) -> anyhow::Result<()> {
        for (name, address) in [("http", self.http), ("gateway", self.gateway)] {
            if !address.ip().is_loopback() && !self.allow_plaintext {
                bail!(
                    "{name} = {address} is not a loopback address and there is no TLS here: \
                     put something that ends TLS in front and say --allow-plaintext"
                );
            }
        }
        if !(1..=12).contains(&self.brand.len())
            || !self.brand.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        {
            bail!("brand = `{}` must be 1 to 12 characters of a-z and 0-9", self.brand);
        }
        let node_ok = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(1..=64).contains(&self.node.len()) || !self.node.bytes().all(node_ok) {
            bail!("node = `{}` must be 1 to 64 characters of A-Z, a-z, 0-9 and . _ -", self.node);
        }
        if !(1..=5_000).contains(&self.quota_wait_ms) {
            bail!("quota_wait_ms = {} must be 1 to 5000", self.quota_wait_ms);
        }
        // A stop waits for answers under way no longer than that.
        if !(1..=10_000).contains(&self.applied_wait_ms) {
            bail!("applied_wait_ms = {} must be 1 to 10000", self.applied_wait_ms);
        }
        if self.sign_in.people.is_some() && self.sign_in.public_url.is_none() && !self.http.ip().is_loopback()
        {
            bail!(
                "people sign in from elsewhere: say by --public-url where browsers reach this API over HTTPS"
            );
        }
        if let Some(endpoint) = &self.otlp_endpoint
            && !is_plain_url(endpoint)
        {
            // Not repeated: there may be a password in it.
            bail!("otlp_endpoint must be a URL such as http://127.0.0.1:4318, without a user or a query");
        }
        if self.sightings_days > 365 {
            bail!("sightings_days = {} must be 0 to 365", self.sightings_days);
        }
        if !(1..=365).contains(&self.decisions_keep_days) {
            bail!("decisions_keep_days = {} must be 1 to 365", self.decisions_keep_days);
        }
        if !(2..=90).contains(&self.usage_minutes_days) {
            bail!("usage_minutes_days = {} must be 2 to 90", self.usage_minutes_days);
        }
        if !(self.usage_minutes_days.max(32)..=3_660).contains(&self.usage_quarters_days) {
            bail!(
                "usage_quarters_days = {} must be 32 to 3660, and not below usage_minutes_days",
                self.usage_quarters_days
            );
        }
        if !(1..=50).contains(&self.usage_years) || self.usage_years * 366 < self.usage_quarters_days {
            bail!(
                "usage_years = {} must be 1 to 50, and not shorter than usage_quarters_days",
                self.usage_years
            );
        }
        if !(1..=86_400).contains(&self.stale_after_seconds) {
            bail!("stale_after_seconds = {} must be 1 to 86400", self.stale_after_seconds);
        }
        Ok(())
    }
}

/// Of HTTP, and with nothing in it that must not be shown.
fn is_plain_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['@', '?', '#', ' ']))
}

fn parse_unmatched(given: &[String]) -> anyhow::Result<BTreeMap<Environment, Unmatched>> {
    given
        .iter()
        .map(|text| {
            let (environment, what) =
                text.split_once('=').context("unmatched must be written ENV=allow or ENV=refuse")?;
            let what = match what {
                "allow" => Unmatched::Allow,
                "refuse" => Unmatched::Refuse,
                other => bail!("unmatched `{environment}` must be `allow` or `refuse`, not `{other}`"),
            };
            Ok((
                environment
                    .parse()
                    .with_context(|| format!("unmatched names the environment `{environment}`"))?,
                what,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> ServeFlags {
        ServeFlags::default()
    }

    fn file(text: &str) -> (tempfile::TempDir, ServeFlags) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.toml");
        std::fs::write(&path, text).unwrap();
        (dir, ServeFlags { config: Some(path), ..flags() })
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let (_dir, mut flags) =
            file("node = \"from-file\"\nenvironment = \"sandbox\"\n[unmatched]\nsandbox = \"allow\"\n");
        flags.node = Some("from-flag".to_owned());
        let settings = load(flags).unwrap();
        assert_eq!(settings.node, "from-flag");
        assert_eq!(settings.environment.as_str(), "sandbox");
        assert_eq!(settings.unmatched.values().copied().collect::<Vec<_>>(), [Unmatched::Allow]);
        assert_eq!(settings.brand, "tg");
    }

    #[test]
    fn an_unknown_key_is_named() {
        let (_dir, flags) = file("htpp = \"127.0.0.1:1\"");
        let failure = format!("{:#}", load(flags).unwrap_err());
        assert!(failure.contains("htpp"), "{failure}");
    }

    #[test]
    fn a_public_address_needs_to_be_meant() {
        let public = ServeFlags { http: Some("0.0.0.0:8080".parse().unwrap()), ..flags() };
        assert!(load(public.clone()).unwrap_err().to_string().contains("--allow-plaintext"));
        assert!(load(ServeFlags { allow_plaintext: Some(true), ..public }).is_ok());
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        for bad in [
            ServeFlags { brand: Some("T_G".to_owned()), ..flags() },
            ServeFlags { node: Some("a b".to_owned()), ..flags() },
            ServeFlags { stale_after_seconds: Some(0), ..flags() },
            ServeFlags { applied_wait_ms: Some(0), ..flags() },
            ServeFlags { applied_wait_ms: Some(10_001), ..flags() },
            ServeFlags { sightings_days: Some(366), ..flags() },
            ServeFlags { decisions_keep_days: Some(0), ..flags() },
            ServeFlags { usage_minutes_days: Some(1), ..flags() },
            ServeFlags { usage_quarters_days: Some(31), ..flags() },
            ServeFlags { usage_years: Some(1), ..flags() },
            ServeFlags { unmatched: vec!["prod".to_owned()], ..flags() },
            ServeFlags { unmatched: vec!["prod=maybe".to_owned()], ..flags() },
        ] {
            assert!(load(bad.clone()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn secrets_are_masked_when_settings_are_shown() {
        let settings =
            load(ServeFlags { bootstrap_token: Some("a-long-enough-token".into()), ..flags() }).unwrap();
        let shown = toml::to_string(&settings).unwrap() + &format!("{settings:?}");
        assert!(!shown.contains("a-long-enough-token") && shown.contains("********"), "{shown}");
    }
}
