//! What happened to a webhook.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EventPattern, WebhookUrl};
use crate::{DeliveryId, Name, Reason, Timestamp, access::GrantScope, aggregate::event_types};

/// A fact about a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum WebhookEvent {
    Created(Created),
    Revised(Revised),
    Verified(Verified),
    SecretRotated(SecretRotated),
    Disabled(Disabled),
    Enabled(Enabled),
    Deleted(Deleted),
    VerificationAsked(VerificationAsked),
    TestAsked(TestAsked),
    ResendAsked(ResendAsked),
}

event_types!(WebhookEvent {
    Created = "webhook.created",
    Revised = "webhook.revised",
    Verified = "webhook.verified",
    SecretRotated = "webhook.secret_rotated",
    Disabled = "webhook.disabled",
    Enabled = "webhook.enabled",
    Deleted = "webhook.deleted",
    VerificationAsked = "webhook.verification_asked",
    TestAsked = "webhook.test_asked",
    ResendAsked = "webhook.resend_asked",
});

/// What a webhook is told, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookSpec {
    pub name: Name,
    pub url: WebhookUrl,
    /// 1 to 50.
    pub events: BTreeSet<EventPattern>,
    /// Of what it is told: as of a grant in this scope.
    pub scope: GrantScope,
}

/// Which secret signs. It is not kept anywhere: it is made anew from the pepper of that version, which lies outside the
/// database, the webhook's identifier and its own version. Source: ADR 0041.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretSource {
    /// From 1; each rotation adds one.
    pub version: u32,
    pub pepper_version: u16,
}

/// A webhook is there. It is told nothing before it is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    pub spec: WebhookSpec,
    pub secret: SecretSource,
}

/// Its specification is this one from now on. With another URL it has to be verified again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revised {
    pub spec: WebhookSpec,
}

/// Whoever answers at this URL has echoed our challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    pub url: WebhookUrl,
}

/// A new secret signs, and until then the one before it beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretRotated {
    pub secret: SecretSource,
    pub previous_until: Timestamp,
}

/// Why it is told nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DisableCause {
    /// Somebody wanted it so.
    ByHand,
    /// It answered 410.
    Gone,
    /// It has failed for too long.
    Failing,
}

/// It is told nothing for now; what it would have been told is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Disabled {
    pub cause: DisableCause,
    pub reason: Option<Reason>,
}

/// It is told again, also what was held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Enabled {
    pub reason: Option<Reason>,
}

/// It is gone, and what waited for it too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    pub reason: Option<Reason>,
}

/// Somebody wants our challenge sent to this URL now, verified or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerificationAsked {
    pub url: WebhookUrl,
}

/// Somebody wants to see whether a made-up event of this type arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestAsked {
    pub event_type: Box<str>,
}

/// Somebody wants a message sent again that is delivered, given up or held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResendAsked {
    pub delivery_id: DeliveryId,
}
