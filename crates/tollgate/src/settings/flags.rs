//! Flags of `serve` and their variables.

use std::{net::SocketAddr, path::PathBuf};

use clap::Args;
use domain::Environment;
use gateway_doors::{Chosen, IdentityHeader, RateLimitHeaders};
use secrecy::SecretString;

use super::{
    LogFormat, OnStale, Role, WhenAlone, checkpoints::CheckpointFlags, leaks::LeakFlags, notices::MailFlags,
    proxies::ProxyFlags, sign_in::SignInFlags, webhooks::WebhookFlags,
};

/// Flags of `serve`; each has a variable.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct ServeFlags {
    /// Settings file; without it, `tollgate.toml` in the working directory if there is one
    #[arg(long, env = "TOLLGATE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What this process does, several with commas; all of it without [api, sequencer, projections, gateway, scheduler, notifier]
    #[arg(long = "role", env = "TOLLGATE_ROLE", value_enum, value_delimiter = ',', value_name = "ROLE")]
    pub(crate) roles: Vec<Role>,
    /// Postgres for the log and the read models, prepared by `tollgate migrate`; without it, files in the data directory
    #[arg(long, env = "TOLLGATE_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) database_url: Option<SecretString>,
    /// Connections to Postgres that each of two pools opens at most [default: 8]
    #[arg(long, env = "TOLLGATE_DATABASE_CONNECTIONS", value_name = "NUMBER")]
    pub(crate) database_connections: Option<u32>,
    /// NATS servers with JetStream, several with commas
    #[arg(
        long,
        env = "TOLLGATE_NATS_URL",
        hide_env_values = true,
        value_delimiter = ',',
        value_name = "URL"
    )]
    pub(crate) nats_url: Vec<SecretString>,
    /// A NATS credentials file
    #[arg(long, env = "TOLLGATE_NATS_CREDENTIALS", value_name = "FILE")]
    pub(crate) nats_credentials: Option<PathBuf>,
    /// The certificate authority of the NATS servers, in PEM
    #[arg(long, env = "TOLLGATE_NATS_CA", value_name = "FILE")]
    pub(crate) nats_ca: Option<PathBuf>,
    /// How many NATS servers keep each stream: 1 or 3 [default: 1]
    #[arg(long, env = "TOLLGATE_NATS_REPLICAS", value_name = "NUMBER")]
    pub(crate) nats_replicas: Option<u8>,
    /// Where the peppers and the signing key lie, the same on every instance [default: the data directory]
    #[arg(long, env = "TOLLGATE_SECRETS_DIR", value_name = "DIR")]
    pub(crate) secrets_dir: Option<PathBuf>,
    /// The admin API that a gateway without a database fetches its first snapshot from
    #[arg(long, env = "TOLLGATE_CONTROL_PLANE", value_name = "URL")]
    pub(crate) control_plane: Option<String>,
    /// What gateways show to the admin API for a snapshot; at least 16 characters, the same on both sides
    #[arg(long, env = "TOLLGATE_GATEWAY_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) gateway_token: Option<SecretString>,
    /// What a gateway does with shared quotas while NATS is away [default: share]
    #[arg(long, env = "TOLLGATE_WHEN_ALONE")]
    pub(crate) when_alone: Option<WhenAlone>,
    /// How long a call may wait for its part of a shared quota, in milliseconds: less than Envoy waits [default: 100]
    #[arg(long, env = "TOLLGATE_QUOTA_WAIT_MS", value_name = "MS")]
    pub(crate) quota_wait_ms: Option<u32>,
    /// How long a write waits for the gateways, if its caller says so, in milliseconds [default: 5000]
    #[arg(long, env = "TOLLGATE_APPLIED_WAIT_MS", value_name = "MS")]
    pub(crate) applied_wait_ms: Option<u32>,
    /// Where the embedded engine, or this node, keeps its files [default: tollgate-data]
    #[arg(long, env = "TOLLGATE_DATA_DIR", value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// REST, console and metrics [default: 127.0.0.1:8080]
    #[arg(long, env = "TOLLGATE_HTTP", value_name = "ADDR")]
    pub(crate) http: Option<SocketAddr>,
    /// Gateway doors: Envoy over gRPC, verify, forward-auth [default: 127.0.0.1:9090]
    #[arg(long, env = "TOLLGATE_GATEWAY", value_name = "ADDR")]
    pub(crate) gateway: Option<SocketAddr>,
    /// The same doors at a Unix socket too, for its owner and group
    #[arg(long, env = "TOLLGATE_GATEWAY_SOCKET", value_name = "FILE")]
    pub(crate) gateway_socket: Option<PathBuf>,
    /// The environment that this gateway serves [default: prod]
    #[arg(long, env = "TOLLGATE_ENVIRONMENT", value_name = "NAME")]
    pub(crate) environment: Option<Environment>,
    /// The name of this gateway node, stable over restarts [default: local]
    #[arg(long, env = "TOLLGATE_NODE", value_name = "NAME")]
    pub(crate) node: Option<String>,
    /// What secrets begin with: 1 to 12 of a-z and 0-9 [default: tg]
    #[arg(long, env = "TOLLGATE_BRAND", value_name = "NAME")]
    pub(crate) brand: Option<String>,
    /// What happens to calls that no route matches, such as `sandbox=allow`; repeatable [default: refuse]
    #[arg(long, env = "TOLLGATE_UNMATCHED", value_name = "ENV=allow|refuse", value_delimiter = ',')]
    pub(crate) unmatched: Vec<String>,
    /// Without news of the log for so long, the gateway's configuration is stale [default: 60]
    #[arg(long, env = "TOLLGATE_STALE_AFTER_SECONDS", value_name = "SECONDS")]
    pub(crate) stale_after_seconds: Option<u32>,
    /// What a stale gateway does with calls [default: serve]
    #[arg(long, env = "TOLLGATE_ON_STALE")]
    pub(crate) on_stale: Option<OnStale>,
    /// How many days decisions can be looked up for: refusals, and a sample of allowed calls [default: 7]
    #[arg(long, env = "TOLLGATE_DECISIONS_KEEP_DAYS", value_name = "DAYS")]
    pub(crate) decisions_keep_days: Option<u32>,
    /// How many days usage is kept by the minute, and by the second for a what-if [default: 2]
    #[arg(long, env = "TOLLGATE_USAGE_MINUTES_DAYS", value_name = "DAYS")]
    pub(crate) usage_minutes_days: Option<u32>,
    /// How many days usage is kept by the quarter of an hour, and on the embedded engine as it arrived [default: 400]
    #[arg(long, env = "TOLLGATE_USAGE_QUARTERS_DAYS", value_name = "DAYS")]
    pub(crate) usage_quarters_days: Option<u32>,
    /// How many years usage is kept by the day [default: 5]
    #[arg(long, env = "TOLLGATE_USAGE_YEARS", value_name = "YEARS")]
    pub(crate) usage_years: Option<u32>,
    /// Of allowed calls the gateway keeps one decision in so many; 0 for none [default: 1000]
    #[arg(long, env = "TOLLGATE_DECISIONS_ALLOWED_ONE_IN", value_name = "NUMBER")]
    pub(crate) decisions_allowed_one_in: Option<u32>,
    /// Take the caller's address from X-Real-IP or X-Forwarded-For at the forward-auth door
    #[arg(long, env = "TOLLGATE_TRUST_FORWARDED", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) trust_forwarded: Option<bool>,
    /// Let the headers that routes name say what calls cost: every proxy in front removes them from what callers send
    #[arg(long, env = "TOLLGATE_TRUST_COST_HEADERS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) trust_cost_headers: Option<bool>,
    /// Which headers tell upstreams who calls: of `client_id`, `key_id`, `decision_id`, `environment` and `scopes`, or `none` [default: all]
    #[arg(long, env = "TOLLGATE_IDENTITY_HEADERS", value_name = "HEADERS")]
    pub(crate) identity_headers: Option<Chosen<IdentityHeader>>,
    /// Which headers tell callers where they stand: of `ratelimit` and `x_ratelimit`, or `none` [default: all]
    #[arg(long, env = "TOLLGATE_RATE_LIMIT_HEADERS", value_name = "HEADERS")]
    pub(crate) rate_limit_headers: Option<Chosen<RateLimitHeaders>>,
    /// How long it is kept from where secrets are presented and by which programs, 0 to 365; 0 keeps nothing [default: 30]
    #[arg(long, env = "TOLLGATE_SIGHTINGS_DAYS", value_name = "DAYS")]
    pub(crate) sightings_days: Option<u16>,
    /// Listen on addresses other than loopback without TLS: only behind something that ends TLS
    #[arg(long, env = "TOLLGATE_ALLOW_PLAINTEXT", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) allow_plaintext: Option<bool>,
    /// The first admin token, instead of one made and printed at first start; at least 16 characters
    #[arg(long, env = "TOLLGATE_BOOTSTRAP_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    pub(crate) bootstrap_token: Option<SecretString>,
    /// Which log lines are written, such as `info` or `tollgate_gateway=debug` [default: info]
    #[arg(long, env = "TOLLGATE_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    /// How log lines are written [default: text]
    #[arg(long, env = "TOLLGATE_LOG_FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// An OpenTelemetry collector that traces are sent to by OTLP over HTTP, such as `http://127.0.0.1:4318`; none are without it
    #[arg(long, env = "TOLLGATE_OTLP_ENDPOINT", value_name = "URL")]
    pub(crate) otlp_endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) proxies: ProxyFlags,
    #[command(flatten)]
    pub(crate) leaks: LeakFlags,
    #[command(flatten)]
    pub(crate) mail: MailFlags,
    #[command(flatten)]
    pub(crate) checkpoints: CheckpointFlags,
    #[command(flatten)]
    pub(crate) sign_in: SignInFlags,
    #[command(flatten)]
    pub(crate) webhooks: WebhookFlags,
}
