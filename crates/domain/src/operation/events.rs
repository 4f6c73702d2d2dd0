//! What happened to an operation. What it did to each thing is in that thing's own events.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExportMade, ExportPlan};
use crate::{KeyId, Name, Position, Reason, Timestamp, WebhookId, aggregate::event_types};

/// A fact about an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum OperationEvent {
    Planned(Planned),
    KeysChosen(KeysChosen),
    Started(Started),
    Progressed(Progressed),
    Finished(Finished),
    Cancelled(Cancelled),
}

event_types!(OperationEvent {
    Planned = "operation.planned",
    KeysChosen = "operation.keys_chosen",
    Started = "operation.started",
    Progressed = "operation.progressed",
    Finished = "operation.finished",
    Cancelled = "operation.cancelled",
});

/// What is done to each item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    RevokeKeys,
    SuspendKeys,
    ImportKeys,
    /// Sends again what a webhook was sent.
    ReplayWebhook,
    /// Writes a report to a file; its items are stretches of the report's time.
    ExportReport,
}

impl OperationKind {
    pub const ALL: [Self; 5] =
        [Self::RevokeKeys, Self::SuspendKeys, Self::ImportKeys, Self::ReplayWebhook, Self::ExportReport];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RevokeKeys => "revoke_keys",
            Self::SuspendKeys => "suspend_keys",
            Self::ImportKeys => "import_keys",
            Self::ReplayWebhook => "replay_webhook",
            Self::ExportReport => "export_report",
        }
    }
}

/// The operation is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    pub kind: OperationKind,
    pub items_total: u32,
    pub reason: Option<Reason>,
    /// Of an import only.
    pub import: Option<ImportPlan>,
    pub ordered: Ordered,
    /// Of a replay only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayPlan>,
    /// Of an export only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<Box<ExportPlan>>,
}

/// Which deliveries of a webhook are sent again, the oldest first: everything that is given has to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplayPlan {
    pub webhook_id: WebhookId,
    /// Made then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Made before then: when it was ordered, at the latest.
    pub until: Timestamp,
    /// Of events behind it in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_position: Option<Position>,
    /// Empty: all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub types: BTreeSet<String>,
    /// As the outbox calls them; empty: all that have ended, and held.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub states: BTreeSet<String>,
}

/// Who gave the order, and what allowed it: said by the commands that carry it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ordered {
    /// The principal's id.
    pub by: String,
    /// `role:admin`.
    pub allowed_by: String,
}

/// Where the rows of an import are, and how they read. The rows themselves are in no event: what is kept of a secret
/// belongs to its key alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportPlan {
    pub source: Name,
    /// The form of the upload.
    pub format: Name,
    /// The node that keeps the upload until the operation has ended.
    pub node: Name,
}

/// Keys that the operation is about, fixed from now on, after those of the event before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeysChosen {
    pub key_ids: Vec<KeyId>,
}

/// A node works on it from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Started {
    pub node: Name,
    pub at: Timestamp,
}

/// The next items are dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Progressed {
    pub node: Name,
    pub at: Timestamp,
    pub items: Vec<Item>,
    /// Of an export: how many rows are written by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// What became of one item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// Counts from 1.
    pub number: u32,
    /// The key's id, the name of the row, the delivery's id, or until when a stretch of a report is.
    pub subject: String,
    pub key_id: Option<KeyId>,
    pub result: ItemResult,
    /// Of a refusal: its stable code.
    pub code: Option<String>,
    /// Of a refusal: its sentence.
    pub detail: Option<String>,
}

/// Whether an item was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemResult {
    Applied,
    /// It stood as it should before.
    Unchanged,
    Refused,
}

impl ItemResult {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// How many items came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tally {
    pub applied: u32,
    pub unchanged: u32,
    pub refused: u32,
}

/// Every item is dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finished {
    pub at: Timestamp,
    pub tally: Tally,
    /// Of an export whose file is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<Box<ExportMade>>,
}

/// No further item is dealt with; those that were stay as they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cancelled {
    pub at: Timestamp,
    pub reason: Reason,
}
