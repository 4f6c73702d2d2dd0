//! What the filter's configuration says, in JSON: as `tollgate serve --role gateway` is told it by flags and variables.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context, ensure};
use domain::Environment;
use gateway::{OnStale, Unmatched, WhenAlone};
use gateway_doors::{Chosen, IdentityHeader, RateLimitHeaders, ToldField};
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};

/// One filter, of one listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The node that judges. Filters that say the same of it share it.
    pub(crate) node: NodeSettings,
    /// The environment that is served here; without it the node's.
    #[serde(default)]
    pub(crate) environment: Option<Environment>,
    /// Whether the header that a route names says what a call costs. Envoy must then remove it from what callers send.
    #[serde(default)]
    pub(crate) trust_cost_headers: bool,
    /// The fields of a decision that stand in Envoy's dynamic metadata; without it all. Each costs Envoy a third of a microsecond
    /// for every call.
    #[serde(default)]
    pub(crate) metadata: Chosen<ToldField>,
    /// The headers that tell the upstream who calls; without it all. Each costs Envoy about half as much as a field of metadata.
    #[serde(default)]
    pub(crate) identity_headers: Chosen<IdentityHeader>,
    /// The headers that tell the caller where it stands; without it all.
    #[serde(default)]
    pub(crate) rate_limit_headers: Chosen<RateLimitHeaders>,
    /// A call of exactly this path panics: what that does to it, and to Envoy, is tried with the real one. No release build knows it.
    #[cfg(debug_assertions)]
    #[serde(default)]
    pub(crate) panic_at: Option<String>,
    /// What becomes of calls before the configuration was read for the first time.
    #[serde(default)]
    pub(crate) before_ready: BeforeReady,
    /// How long Envoy's start, and the taking over of this configuration, may wait until calls can be judged. 0 to 60,000.
    #[serde(default = "start_wait_ms")]
    pub(crate) start_wait_ms: u32,
}

/// What becomes of calls while there is nothing to judge by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BeforeReady {
    /// 503.
    #[default]
    Refuse,
    /// They go on, without a secret and without an identity.
    Pass,
}

/// A gateway node: what it follows, what it keeps, and how it judges.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NodeSettings {
    /// Tells it apart from all others, stable over restarts. 1 to 64 of A-Z, a-z, 0-9 and . _ -
    pub(crate) name: String,
    /// What it serves where a filter or a route says nothing else.
    pub(crate) environment: Environment,
    /// Its snapshot and its counters.
    pub(crate) state_dir: PathBuf,
    /// Where the peppers are, `pepper.<version>.key`: those of the installation.
    pub(crate) secrets_dir: PathBuf,
    pub(crate) control_plane: ControlPlaneSettings,
    /// Where there is a bus. Without one everything goes by the control plane, and quotas are this node's own.
    #[serde(default)]
    pub(crate) nats: Option<NatsSettings>,
    #[serde(default = "stale_after_seconds")]
    pub(crate) stale_after_seconds: u32,
    #[serde(default)]
    pub(crate) on_stale: OnStale,
    /// Of environments not named here, calls that no route matches are refused.
    #[serde(default)]
    pub(crate) unmatched: BTreeMap<Environment, Unmatched>,
    /// Whether to keep from where genuine secrets are presented.
    #[serde(default = "yes")]
    pub(crate) sightings: bool,
    #[serde(default = "decisions_allowed_one_in")]
    pub(crate) decisions_allowed_one_in: u32,
    #[serde(default)]
    pub(crate) when_alone: WhenAlone,
    #[serde(default = "quota_wait_ms")]
    pub(crate) quota_wait_ms: u32,
}

/// The admin API of some instance, and the token that is shown there: in a file, or in a variable of Envoy's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlPlaneSettings {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) token_file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) token_env: Option<String>,
}

/// The bus. No user in the URLs: they would stand in Envoy's configuration, which its admin page shows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NatsSettings {
    pub(crate) urls: Vec<String>,
    #[serde(default)]
    pub(crate) credentials: Option<PathBuf>,
    #[serde(default)]
    pub(crate) ca: Option<PathBuf>,
    #[serde(default = "replicas")]
    pub(crate) replicas: u8,
}

fn start_wait_ms() -> u32 {
    2_000
}

fn stale_after_seconds() -> u32 {
    60
}

fn decisions_allowed_one_in() -> u32 {
    1_000
}

fn quota_wait_ms() -> u32 {
    100
}

fn replicas() -> u8 {
    1
}

fn yes() -> bool {
    true
}

/// Reads a configuration's text; the failure names the field.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> anyhow::Result<T> {
    let mut json = serde_json::Deserializer::from_slice(text);
    serde_path_to_error::deserialize(&mut json).context("the filter's configuration is not right")
}

impl Settings {
    /// # Errors
    /// When the text is no configuration, or a value is out of its bounds.
    pub(crate) fn read(text: &[u8]) -> anyhow::Result<Self> {
        let settings: Self = read(text)?;
        let Self { node, start_wait_ms, .. } = &settings;
        ensure!(*start_wait_ms <= 60_000, "start_wait_ms = {start_wait_ms} must be 0 to 60000");
        node.check()?;
        Ok(settings)
    }
}

impl NodeSettings {
    fn check(&self) -> anyhow::Result<()> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        ensure!(
            (1..=64).contains(&self.name.len()) && self.name.bytes().all(fits),
            "node.name = `{}` must be 1 to 64 characters of A-Z, a-z, 0-9 and . _ -",
            self.name
        );
        let seconds = self.stale_after_seconds;
        ensure!((1..=86_400).contains(&seconds), "node.stale_after_seconds = {seconds} must be 1 to 86400");
        let wait_ms = self.quota_wait_ms;
        ensure!((1..=5_000).contains(&wait_ms), "node.quota_wait_ms = {wait_ms} must be 1 to 5000");
        if let Some(nats) = &self.nats {
            ensure!(!nats.urls.is_empty(), "node.nats.urls must name a server");
            ensure!([1, 3].contains(&nats.replicas), "node.nats.replicas = {} must be 1 or 3", nats.replicas);
            // Not repeated: there may be a password in it.
            ensure!(
                !nats.urls.iter().any(|url| url.contains('@')),
                "node.nats.urls must be without users: name a file of credentials"
            );
        }
        Ok(())
    }
}

impl ControlPlaneSettings {
    /// # Errors
    /// When it is said in no way or in two, or is not there.
    pub(crate) fn token(&self) -> anyhow::Result<SecretString> {
        let text = match (&self.token_file, &self.token_env) {
            (Some(file), None) => std::fs::read_to_string(file)
                .with_context(|| format!("reading the control plane's token in {}", file.display()))?,
            (None, Some(name)) => {
                #[expect(clippy::disallowed_methods, reason = "Envoy's configuration names it")]
                let value = std::env::var(name);
                value.with_context(|| format!("the control plane's token in the variable {name}"))?
            }
            (None, None) | (Some(_), Some(_)) => {
                anyhow::bail!("node.control_plane must name either token_file or token_env")
            }
        };
        let text = text.trim();
        ensure!(!text.is_empty(), "the control plane's token is empty");
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(more: &str) -> String {
        format!(
            r#"{{"node": {{"name": "edge-1", "environment": "prod", "state_dir": "/tmp/state", "secrets_dir": "/tmp/secrets",
                "control_plane": {{"url": "http://127.0.0.1:8080", "token_env": "TOKEN"}}{more}}}}}"#
        )
    }

    #[test]
    fn what_is_not_said_is_as_at_a_gateway() {
        let settings = Settings::read(text("").as_bytes()).unwrap();
        assert_eq!(settings.before_ready, BeforeReady::Refuse);
        let node = settings.node;
        assert_eq!((node.environment.as_str(), node.stale_after_seconds), ("prod", 60));
        assert_eq!((node.on_stale, node.when_alone), (OnStale::Serve, WhenAlone::Share));
    }

    #[test]
    fn a_mistake_is_named() {
        for (more, named) in [
            (r#", "stale_after": 5"#, "stale_after"),
            (r#", "stale_after_seconds": 0"#, "stale_after_seconds"),
            (r#", "on_stale": "maybe""#, "node.on_stale"),
            (r#", "nats": {"urls": []}"#, "nats.urls"),
            (r#", "nats": {"urls": ["nats://a:secret-word@h:4222"]}"#, "nats.urls"),
            (r#", "nats": {"urls": ["nats://h:4222"], "replicas": 2}"#, "replicas"),
        ] {
            let failure = format!("{:#}", Settings::read(text(more).as_bytes()).unwrap_err());
            assert!(failure.contains(named) && !failure.contains("secret-word"), "{failure}");
        }
    }

    #[test]
    fn metadata_is_named_field_by_field() {
        let read = |metadata: &str| {
            let text = text("").replacen('{', &format!(r#"{{"metadata": {metadata},"#), 1);
            Settings::read(text.as_bytes()).map(|settings| settings.metadata)
        };
        let fields = read(r#"["decision_id", "outcome"]"#).unwrap();
        assert_eq!(fields, [ToldField::DecisionId, ToldField::Outcome].into_iter().collect());
        assert_eq!(read("[]").unwrap(), [].into_iter().collect());
        assert!(format!("{:#}", read(r#"["secret"]"#).unwrap_err()).contains("metadata[0]"));
    }

    #[test]
    fn filters_that_say_the_same_of_a_node_share_it() {
        let one = Settings::read(text("").as_bytes()).unwrap().node;
        assert_eq!(one, Settings::read(text(r#", "quota_wait_ms": 100"#).as_bytes()).unwrap().node);
        assert_ne!(one, Settings::read(text(r#", "quota_wait_ms": 200"#).as_bytes()).unwrap().node);
    }

    #[test]
    fn a_token_is_in_a_file_or_in_a_variable() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        std::fs::write(&file, "the-token\n").unwrap();
        let of = |token_file: Option<PathBuf>, token_env: Option<&str>| {
            let token_env = token_env.map(str::to_owned);
            ControlPlaneSettings { url: String::new(), token_file, token_env }.token()
        };
        assert_eq!(secrecy::ExposeSecret::expose_secret(&of(Some(file.clone()), None).unwrap()), "the-token");
        assert!(of(None, None).is_err());
        assert!(of(Some(file), Some("TOKEN")).is_err());
        assert!(of(Some(directory.path().join("none")), None).is_err());
    }
}
