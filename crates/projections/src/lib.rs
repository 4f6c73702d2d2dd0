//! Read models: what people and reports ask for, made from the log and the usage batches, and made again at will.
#![warn(clippy::wildcard_enum_match_arm, clippy::match_wildcard_for_single_variants)]

mod assignment_directory;
mod audit_log;
#[cfg(test)]
mod auditor_views;
mod binary;
mod client_directory;
pub mod csv;
pub mod event_message;
mod failure;
mod follow;
mod grant_directory;
mod key_directory;
mod leak_directory;
mod notification_rule_directory;
mod observe;
mod operation_directory;
mod past;
mod policy_directory;
mod principal_directory;
mod projection;
pub mod queries;
mod rebuild;
mod route_directory;
mod rows;
mod runner;
mod scheduled_changes;
mod secret_directory;
pub mod sessions;
mod skip;
mod status;
mod store;
mod table;
#[cfg(test)]
mod testing;
pub mod token_uses;
mod usage;
mod value;
mod visibility;
mod webhook_directory;

pub use audit_log::shown_event;
pub use binary::Unfit;
pub use failure::{OpenFailure, ReadFailure, WriteFailure};
pub use follow::{CountedTime, FollowFailure, Projections, Retention};
pub use observe::Observer;
pub use past::Past;
pub use projection::{Change, Poison, Projection, Untaken};
pub use rebuild::{RebuildFailure, rebuild};
pub use rows::Rows;
pub use status::{
    ChangeStatus, ClientStatus, GrantStatus, KeyStatus, NotificationRuleStatus, OperationStatus,
    PolicyStatus, PrincipalKind, PrincipalStatus, RouteStatus, WebhookStatus,
};
pub use store::{Leadership, ReadModel, Standing, grant_auditor, migrate_postgres};
pub use table::{Column, Kind, Merge, Row, Stored, Table};
pub use usage::{
    Difference, Forgetting, GrainCompared, NAME as USAGE, Reading, ReconcileFailure, Reconciliation, Told,
    ToldUsage, UsageRetention, UsageSource, reconcile,
};
pub use value::{BadColumn, Columns, Value};
pub use visibility::{ProjectionStatus, Seen, Visibility};

use projection::{Directory, DirectoryOf, Fact};
use table::Folded;

/// Every projection of events.
pub static ALL: [&dyn Projection; 15] = [
    &DirectoryOf::<client_directory::ClientDirectory>::NEW,
    &DirectoryOf::<key_directory::KeyDirectory>::NEW,
    &DirectoryOf::<route_directory::RouteDirectory>::NEW,
    &DirectoryOf::<policy_directory::PolicyDirectory>::NEW,
    &DirectoryOf::<assignment_directory::AssignmentDirectory>::NEW,
    &DirectoryOf::<operation_directory::OperationDirectory>::NEW,
    &operation_directory::items::OperationItems,
    &DirectoryOf::<leak_directory::LeakDirectory>::NEW,
    &DirectoryOf::<principal_directory::PrincipalDirectory>::NEW,
    &DirectoryOf::<grant_directory::GrantDirectory>::NEW,
    &DirectoryOf::<webhook_directory::WebhookDirectory>::NEW,
    &DirectoryOf::<notification_rule_directory::NotificationRuleDirectory>::NEW,
    &DirectoryOf::<secret_directory::SecretDirectory>::NEW,
    &audit_log::AuditLog,
    &scheduled_changes::ScheduledChanges,
];

/// Every table that the projections write, usage included: what a rebuild makes again.
#[must_use]
pub fn tables() -> Vec<&'static Table> {
    let events = ALL.iter().flat_map(|projection| projection.tables());
    events.chain(usage::OWNER.tables).copied().collect()
}
