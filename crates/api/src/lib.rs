//! The admin REST API: commands in, read models out, and the console that uses nothing else.
#![warn(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

pub mod access;
mod answer;
mod as_of;
mod ask;
mod attribution;
mod auth;
mod body;
mod circumstances;
mod console;
mod csv;
mod docs;
mod dry_run;
mod facts;
mod frame;
mod gateways;
mod guard;
mod idempotency;
mod imports;
mod leaks;
mod listing;
mod manner;
mod negotiate;
mod nodes;
mod observe;
mod path;
mod precondition;
mod previews;
mod problem;
mod proxies;
mod query;
mod random;
mod receipt;
mod report_files;
mod room;
mod routes;
mod secret;
pub mod sign_in;
#[cfg(test)]
mod tests;
mod token_uses;
mod uploads;
mod values;
mod worker;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use axum::Router;
use domain::{Name, SharedClock, secret::Peppers};
use eventlog::EventLog;
use outbox::Outbox;
use projections::{ReadModel, ToldUsage, Visibility};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use utoipa::{ToSchema, openapi::OpenApi};

pub use access::AccessIndex;
pub use auth::AdminTokens;
pub use gateways::{Answering, CallAsked, EffectiveAsked, Gateways, GatewaysAway, UsageOf, Who};
pub use guard::protect;
pub use leaks::{FetchedKeys, FindHolder, GithubKeys, KeysFailure, LeakPolicy, Leaks, Pace, SharedSecret};
pub use nodes::{GatewayNodes, Heard, NodeReceipt, NodeStanding, NodeState, Receipt, Unapplied};
pub use observe::{Observer, run_observations};
pub use previews::{MadeUp, Preview, Previewed, Previews, PreviewsAway};
pub use problem::{CatalogueEntry, catalogue};
pub use proxies::{ForwardedBy, Proxies};
pub use random::{Random, SystemRandom};
pub use report_files::ReportFiles;
pub use secret::{admin_token_digest, new_admin_token, new_principal_token};
pub use token_uses::{TokenUses, run_token_uses};
pub use uploads::Uploads;
pub use worker::run_operations;

/// All that the admin API stands on.
pub struct Api {
    pub log: EventLog,
    pub read: ReadModel,
    /// What is told of the log, and to whom.
    pub outbox: Outbox,
    pub visibility: Visibility,
    /// Told by whoever hears the gateways.
    pub nodes: GatewayNodes,
    pub clock: SharedClock,
    pub random: Arc<dyn Random>,
    pub peppers: Peppers,
    /// What the secrets of new keys begin with: 1 to 12 of a-z and 0-9.
    pub brand: String,
    pub admin: AdminTokens,
    /// The principals and grants of the log; kept up by [`access::follow`].
    pub access: Arc<AccessIndex>,
    /// Asked what would be decided, what applies and what is used.
    pub gateways: Arc<dyn Gateways>,
    pub previews: Box<dyn Previews>,
    /// What gateways told of usage, to be counted again.
    pub told_usage: Arc<dyn ToldUsage>,
    /// Asked at each `/readyz`.
    pub readiness: Box<dyn Fn() -> Readiness + Send + Sync>,
    /// Asked at each `/metrics`: Prometheus' text format.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// What `/openapi.json` answers: the document of the whole process, which may have more doors than this API.
    pub openapi: String,
    pub settings: Settings,
    /// Names this process among those that work on operations; stable over restarts.
    pub node: Name,
    /// Of imports that have not ended.
    pub uploads: Uploads,
    /// Reports that were written to files by this process.
    pub report_files: ReportFiles,
    pub leaks: Leaks,
    /// Who may come in otherwise than by a token of ours, and how often one may fail.
    pub sign_in: sign_in::SignIn,
    /// What was observed and is not on record yet; put there by [`run_observations`].
    pub observer: Observer,
    /// When tokens were used and it is not kept yet; kept by [`run_token_uses`].
    pub token_uses: TokenUses,
    /// Whose word counts of where a request comes from.
    pub proxies: Proxies,
    /// What webhooks may be at.
    pub outbound: outbound::Policy,
    /// Cancelled when the process stops: what is streamed without an end ends then.
    pub stopping: CancellationToken,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("brand", &self.brand)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The API's bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long an answer waits for the read models to show the write.
    pub visible_wait: Duration,
    /// How long an answer waits for the gateways, if the caller says so.
    pub applied_wait: Duration,
    /// How long the body of a request may take.
    pub body_wait: Duration,
    /// How many rows a report has at most; a larger one is refused, never cut.
    pub report_rows_max: u32,
    /// How many events a read as of the past may stand on; one that stands on more is refused.
    pub as_of_events_max: u32,
    /// How long the file of a report is kept.
    pub report_file_kept_for: Duration,
    /// How many bytes the file of one report may have.
    pub report_file_bytes_max: u64,
    /// How many bytes of such files are kept by one process.
    pub report_files_bytes_max: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            visible_wait: Duration::from_secs(2),
            applied_wait: Duration::from_secs(5),
            body_wait: Duration::from_secs(30),
            report_rows_max: 50_000,
            as_of_events_max: 50_000,
            report_file_kept_for: Duration::from_hours(24),
            report_file_bytes_max: 1024 * 1024 * 1024,
            report_files_bytes_max: 4 * 1024 * 1024 * 1024,
        }
    }
}

/// Whether the process can do its work, and what each part of it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Readiness {
    pub ready: bool,
    /// By the name of the part: `projections`, `gateway`.
    pub parts: BTreeMap<String, PartReadiness>,
}

/// Whether one part can do its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PartReadiness {
    pub ready: bool,
    /// A sentence for the operator, without anything secret.
    pub detail: String,
}

/// The admin API with the console, and its documentation. Serve it with the peer's address
/// (`into_make_service_with_connect_info::<SocketAddr>()`): the audit log keeps it.
pub fn router(api: Arc<Api>) -> (Router, OpenApi) {
    let (router, openapi) = router_of(&guard::Door::new(api));
    (router, docs::finished(openapi))
}

/// The documentation is not finished.
fn router_of(door: &guard::Door) -> (Router, OpenApi) {
    let (routes, openapi) = routes::all().split_for_parts();
    let routes = routes
        .with_state(door.clone())
        .merge(console::router())
        .method_not_allowed_fallback(frame::method_not_allowed)
        .fallback(frame::path_not_found);
    (frame::framed(routes, door), openapi)
}

/// The documentation alone, which needs nothing that runs.
#[must_use]
pub fn openapi() -> OpenApi {
    docs::finished(routes::all().into_openapi())
}
