//! What is known of every event beside its payload: who, from where, why, and in which chain of causes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, personal::Personal};

/// The audited circumstances of an event. Serialises to a flat object of strings, which is the form that the
/// cqrs-es stores read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// When the command was decided, by the clock of the instance that took it.
    pub occurred_at: Timestamp,
    /// The principal's id: `bootstrap-admin`, `system:lifecycle`.
    pub actor: String,
    pub actor_kind: ActorKind,
    /// How the principal proved itself: `bootstrap_token`, `internal`.
    pub authenticated_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// The grant that allowed the command: `role:admin`.
    pub allowed_by: String,
    /// Commitment to the caller's network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Personal>,
    /// At most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    pub request_id: String,
    /// The same for everything that one request set in motion.
    pub correlation_id: String,
    /// The event or command that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Names the command; the caller's idempotency key when it gave one.
    pub command_id: String,
}

/// What kind of principal acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    Person,
    ServiceAccount,
    /// Tollgate itself, carrying out what an earlier command or the clock demands.
    System,
}
