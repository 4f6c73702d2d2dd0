//! Every operation; the files mirror the URLs.

pub(crate) mod access_report;
pub(crate) mod approval_rules;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod changes;
pub(crate) mod claim;
pub(crate) mod clients;
pub(crate) mod decisions;
pub(crate) mod deliveries;
pub(crate) mod effective_policy;
pub(crate) mod erasures;
pub(crate) mod explain;
pub(crate) mod gateway;
pub(crate) mod grants;
pub(crate) mod hygiene;
pub(crate) mod keys;
pub(crate) mod leaks;
pub(crate) mod mail_addresses;
pub(crate) mod notification_rules;
pub(crate) mod operations;
pub(crate) mod policies;
pub(crate) mod principals;
pub(crate) mod problems;
pub(crate) mod reports;
#[expect(clippy::module_inception, reason = "the resource is called a route, and the files mirror the URLs")]
pub(crate) mod routes;
pub(crate) mod scheduled_changes;
pub(crate) mod service_accounts;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod usage;
pub(crate) mod webhooks;
pub(crate) mod whoami;

use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{docs::Base, guard::Door};

/// All of them, with their documentation.
pub(crate) fn all() -> OpenApiRouter<Door> {
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(clients::all())
        .merge(keys::all())
        .merge(routes::all())
        .merge(policies::all())
        .merge(leaks::all())
        .merge(scheduled_changes::all())
        .merge(audit::all())
        .merge(explain::all())
        .merge(decisions::all())
        .merge(effective_policy::all())
        .merge(usage::all())
        .merge(reports::all())
        .merge(access_report::all())
        .merge(gateway::all())
        .merge(hygiene::all())
        .merge(changes::all())
        .merge(whoami::all())
        .merge(claim::all())
        .merge(approvals::all())
        .merge(approval_rules::all())
        .merge(principals::all())
        .merge(service_accounts::all())
        .merge(grants::all())
        .merge(webhooks::all())
        .merge(deliveries::all())
        .merge(mail_addresses::all())
        .merge(notification_rules::all())
        .merge(erasures::all())
        .merge(session::all())
        .merge(sessions::all())
        .merge(problems::all())
        .merge(operations::all())
}
