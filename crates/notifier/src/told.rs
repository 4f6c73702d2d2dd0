//! What is kept in the outbox of a notice, and what a webhook is posted of it.

use domain::{ClientId, Environment, MessageId, NoticeName, Position, Timestamp, webhook::EventPattern};
use outbox::Claimed;
use projections::event_message::Subject;
use serde::{Deserialize, Serialize};

use crate::{notice::Notice, parts::Failure};

/// As it is kept: the notice, and by which rule it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The rule's name; none where a webhook subscribed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Of a usage report: its letter has the rows as CSV.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub csv: bool,
    #[serde(flatten)]
    pub notice: Notice,
}

impl Kept {
    /// # Errors
    /// When an erasure has left too little of it, or another version of this program has written it.
    pub(crate) fn read(body: &str) -> Result<Self, Failure> {
        serde_json::from_str(body).map_err(|source| unread(body, source))
    }
}

/// Why what was kept cannot be read. What no erasure has touched, a process of the version that wrote it will read.
pub(crate) fn unread(body: &str, source: serde_json::Error) -> Failure {
    if is_erased(body) { Failure::Unreadable { source } } else { Failure::Json(source) }
}

/// Whether an erasure has left its mark. The last one is how they were written before.
pub(crate) fn is_erased(body: &str) -> bool {
    body == "{}" || body.contains("[erased]") || body.contains(":\"\"")
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
    pub subject: Subject,
    pub client_id: Option<ClientId>,
    pub environment: Option<&'of Environment>,
    pub severity: &'static str,
    /// For people: one line.
    pub title: String,
    pub data: &'of Notice,
}

impl<'of> NoticeMessage<'of> {
    pub(crate) fn of(claimed: &'of Claimed, notice: &'of Notice) -> Self {
        Self {
            message_type: &claimed.message_type,
            timestamp: claimed.created_at,
            id: claimed.message_id,
            position: claimed.position,
            sequence: claimed.sequence,
            subject: Subject { r#type: kind_of(&claimed.subject), id: claimed.subject.clone() },
            client_id: claimed.client_id,
            environment: claimed.environment.as_ref(),
            severity: notice.severity().as_str(),
            title: notice.title(),
            data: notice,
        }
    }
}

/// What a webhook would be posted of the sample of a notice.
///
/// # Errors
/// When it cannot be written as JSON, which does not happen.
pub fn sample_message(
    name: NoticeName,
    id: MessageId,
    timestamp: Timestamp,
) -> Result<serde_json::Value, serde_json::Error> {
    let notice = Notice::sample(name);
    let (subject, message_type) = (notice.subject(), EventPattern::type_of(name));
    serde_json::to_value(NoticeMessage {
        message_type: &message_type,
        timestamp,
        id,
        position: None,
        sequence: 1,
        subject: Subject { r#type: kind_of(&subject), id: subject },
        client_id: notice.client_id(),
        environment: None,
        severity: notice.severity().as_str(),
        title: notice.title(),
        data: &notice,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_version_has_written_is_not_taken_for_erased() {
        for (body, erased) in [
            ("{}", true),
            (r#"{"notice":"key_issued","key_id":"[erased]"}"#, true),
            (r#"{"notice":"key_revoked","reason":""}"#, true),
            (r#"{"notice":"a_notice_of_tomorrow","reason":"moved"}"#, false),
        ] {
            let failure = Kept::read(body).unwrap_err();
            assert_eq!(matches!(failure, Failure::Unreadable { .. }), erased, "{body}");
        }
    }
}
