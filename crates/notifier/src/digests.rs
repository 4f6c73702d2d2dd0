//! Makes letters of what was gathered: one for each address and occasion, once.

use std::time::Duration;

use domain::{MessageId, Timestamp};
use outbox::{Digest, Gathered, MessageKind, NewDelivery, NewMessage, Recipient, Start, Taken, hashed};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    compose::delivery_id,
    parts::{Failure, Parts},
    told::{Kept, is_erased, unread},
};

const EVERY: Duration = Duration::from_secs(5);
const DIGESTS_MAX: u32 = 100;
/// Beyond these a letter only counts.
const MEMBERS_MAX: u32 = 200;

/// What was gathered, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptDigest {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
    /// All of them; those told are the first.
    pub(crate) notices_total: u64,
    #[serde(deserialize_with = "readable")]
    pub(crate) notices: Vec<(Timestamp, Kept)>,
}

impl KeptDigest {
    /// What an erasure made unreadable is left out, and only counts.
    ///
    /// # Errors
    /// When nothing else is left, or another version of this program has written some of it.
    pub(crate) fn read(body: &str) -> Result<Self, Failure> {
        let kept: Self = serde_json::from_str(body).map_err(|source| unread(body, source))?;
        let all: Counted = serde_json::from_str(body)?;
        if kept.notices.len() < all.notices.len() && !is_erased(body) {
            return Err(serde_json::Error::custom("some of the notices cannot be read").into());
        }
        // A letter about nothing helps nobody; that there was something stays in the list of deliveries.
        if kept.notices.is_empty() {
            let source = serde_json::Error::custom("none of the notices can be read");
            return Err(Failure::Unreadable { source });
        }
        Ok(kept)
    }
}

/// How many there are, read or not.
#[derive(Deserialize)]
struct Counted {
    notices: Vec<serde::de::IgnoredAny>,
}

fn readable<'de, Json: Deserializer<'de>>(json: Json) -> Result<Vec<(Timestamp, Kept)>, Json::Error> {
    let all: Vec<serde_json::Value> = Vec::deserialize(json)?;
    Ok(all.into_iter().filter_map(|one| serde_json::from_value(one).ok()).collect())
}

pub(crate) async fn run(parts: &Parts, stop: &CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Err(failure) = make(parts).await {
            warn!(error = %failure, "Cannot gather what is told together now");
            metrics::counter!("tollgate_notifier_failures_total", "of" => "digests").increment(1);
        }
    }
}

/// Makes those that are due.
pub(crate) async fn make(parts: &Parts) -> Result<(), Failure> {
    let now = parts.clock.now();
    for digest in parts.outbox.due_digests(now, DIGESTS_MAX, MEMBERS_MAX).await? {
        let message = match message(&digest, now) {
            Ok(message) => message,
            // A process of the version that wrote it makes it; the others do not wait for that.
            Err(failure) => {
                warn!(error = %failure, "Cannot make a digest");
                metrics::counter!("tollgate_notifier_failures_total", "of" => "digests").increment(1);
                continue;
            }
        };
        match parts.outbox.take_digest(&digest, message, now).await? {
            // Whatever changed in between is looked at again.
            Taken::Yes | Taken::Changed | Taken::IdTaken => {}
        }
    }
    Ok(())
}

fn message(digest: &Digest, now: Timestamp) -> Result<NewMessage, Failure> {
    let Digest { address, digest_key, as_of: _, deliveries, members } = digest;
    let notices = members.iter().map(readable_of).filter_map(Result::transpose).collect::<Result<_, _>>()?;
    let since = members.iter().map(|member| member.created_at).min().unwrap_or(now);
    let kept = KeptDigest { since, until: now, notices_total: *deliveries, notices };
    let ids: Vec<String> = members.iter().map(|member| member.delivery_id.to_string()).collect();
    let message_id = MessageId::from_u128(hashed(&["digest", digest_key, &ids.join(",")]));
    let recipient = Recipient::Email(address.clone());
    Ok(NewMessage {
        message_id,
        kind: MessageKind::Digest,
        message_type: "notice.digest".to_owned(),
        subject: digest_key.clone(),
        sequence: None,
        position: None,
        environment: None,
        team: one(members.iter().map(|member| member.team.as_ref())).cloned(),
        client_id: one(members.iter().map(|member| member.client_id.as_ref())).copied(),
        body: serde_json::to_string(&kept)?,
        notice: None,
        deliveries: vec![NewDelivery {
            delivery_id: delivery_id(message_id, &recipient),
            recipient,
            start: Start::Due(now),
            cancel_key: None,
        }],
    })
}

/// None where an erasure has left too little of it: whatever else is due, in this digest or the next, does not wait for it.
fn readable_of(
    Gathered { message_id, body, created_at, .. }: &Gathered,
) -> Result<Option<(Timestamp, Kept)>, Failure> {
    match Kept::read(body) {
        Ok(kept) => Ok(Some((*created_at, kept))),
        Err(failure @ Failure::Unreadable { .. }) => {
            warn!(message.id = %message_id, error = %failure, "The message `{message_id}` only counts in its digest");
            metrics::counter!("tollgate_messages_unreadable_total", "of" => "digests").increment(1);
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// What all of them have in common.
fn one<'of, T: PartialEq>(mut all: impl Iterator<Item = Option<&'of T>>) -> Option<&'of T> {
    let first = all.next()??;
    all.all(|other| other == Some(first)).then_some(first)
}
