//! What is kept in the outbox of a notice, and what a webhook is posted of it.

use domain::{ClientId, Environment, MessageId, Position, Timestamp};
use outbox::Claimed;
use serde::{Deserialize, Serialize};

use crate::notice::Notice;

/// As it is kept: the notice, and by which rule it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The rule's name; none where a webhook subscribed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    #[serde(flatten)]
    pub notice: Notice,
}

/// What a webhook is posted of a notice: formed like what it is posted of an event.
#[derive(Debug, Serialize)]
pub struct NoticeMessage<'of> {
    #[serde(rename = "type")]
    pub message_type: &'of str,
    /// When it was found.
    pub timestamp: Timestamp,
    pub id: MessageId,
    /// Of the event in the log that it was found at; none of what the time has brought.
    pub position: Option<Position>,
    /// Counts the notices about the subject, from 1.
    pub sequence: u64,
    pub subject: Subject<'of>,
    pub client_id: Option<ClientId>,
    pub environment: Option<&'of Environment>,
    pub severity: &'static str,
    /// For people: one line.
    pub title: String,
    pub data: &'of Notice,
}

/// What it is about.
#[derive(Debug, Serialize)]
pub struct Subject<'of> {
    pub r#type: &'static str,
    pub id: &'of str,
}

impl<'of> NoticeMessage<'of> {
    pub(crate) fn of(claimed: &'of Claimed, notice: &'of Notice) -> Self {
        Self {
            message_type: &claimed.message_type,
            timestamp: claimed.created_at,
            id: claimed.message_id,
            position: claimed.position,
            sequence: claimed.sequence,
            subject: Subject { r#type: kind_of(&claimed.subject), id: &claimed.subject },
            client_id: claimed.client_id,
            environment: claimed.environment.as_ref(),
            severity: notice.severity().as_str(),
            title: notice.title(),
            data: notice,
        }
    }
}

/// By the prefix of an identifier.
fn kind_of(subject: &str) -> &'static str {
    match subject.split_once('_').map(|(prefix, _)| prefix) {
        Some("cli") => "api_client",
        Some("key") => "api_key",
        Some("apr") => "approval",
        Some("prn") => "principal",
        Some("whk") => "webhook",
        Some("pol") => "rate_limit_policy",
        _ => "installation",
    }
}
