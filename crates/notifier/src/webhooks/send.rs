//! One attempt to deliver a webhook, and what became of it.

use std::time::Duration;

use domain::{MessageId, Timestamp};
use outbound::{
    Answer, Client, HeaderMap, HeaderName, HeaderValue, RetryAfter, SendFailure, StatusCode, Url, header,
};
use outbox::RETRY_AFTER_MAX;

use super::signature::{self, HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP, Signer};

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    pub url: &'a Url,
    /// All that are in force: two while a secret is rotated.
    pub signers: &'a [Signer],
    /// The same with every attempt: by it a receiver drops repetitions.
    pub message_id: MessageId,
    /// Of the attempt: receivers refuse what is old.
    pub now: Timestamp,
    /// JSON, byte by byte as it is signed.
    pub body: &'a [u8],
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it: 2xx.
    Delivered,
    /// The receiver wants nothing more: 410.
    Gone,
    /// To be tried again, not before the time that the receiver has named.
    Retry { not_before: Option<Timestamp> },
    /// The policy for what is called out to forbids it. It counts as a failure; lists and names change, so another attempt may succeed.
    Refused,
}

/// What is kept of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    pub status: Option<u16>,
    pub latency_ms: u64,
    /// What the first 1024 bytes of the answer say, in 1024 bytes at most.
    pub answer: Option<String>,
    /// Why it is not delivered; or, if it is, why less than the whole answer has come.
    pub error: Option<&'static str>,
}

/// An attempt that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub outcome: Outcome,
    pub record: AttemptRecord,
}

/// Makes one attempt. It ends within the time that the client is set to; nothing is sent twice.
pub async fn send(client: &Client, sending: &Sending<'_>) -> Sent {
    let asked_at = tokio::time::Instant::now();
    match client.post(sending.url, headers(sending), sending.body.to_vec()).await {
        Ok(answer) => answered(answer, sending.now),
        Err(failure) => failed(&failure, asked_at.elapsed()),
    }
}

/// A status is the receiver's word, also where the rest of its answer is missing: whoever has said 2xx has the webhook.
fn answered(answer: Answer, now: Timestamp) -> Sent {
    let Answer { status, retry_after, body, cut, latency } = answer;
    let (outcome, error) = match status {
        _ if status.is_success() => (Outcome::Delivered, cut),
        StatusCode::GONE => (Outcome::Gone, Some("webhook_gone")),
        _ => {
            let not_before = retry_after.and_then(|after| not_before(after, now));
            // Not followed: the receiver could send us anywhere, and take the webhook to somebody else.
            let error = if status.is_redirection() { "webhook_redirected" } else { "webhook_not_taken" };
            (Outcome::Retry { not_before }, Some(error))
        }
    };
    let (status, latency_ms) = (Some(status.as_u16()), whole_ms(latency));
    Sent { outcome, record: AttemptRecord { status, latency_ms, answer: Some(body), error } }
}

fn failed(failure: &SendFailure, latency: Duration) -> Sent {
    let outcome = match failure {
        // Who answers for names may be away, like anybody else on the way.
        SendFailure::Refused(outbound::Refused::NameNotResolved { .. }) => {
            Outcome::Retry { not_before: None }
        }
        SendFailure::Refused(_) => Outcome::Refused,
        SendFailure::Timeout
        | SendFailure::Connect { .. }
        | SendFailure::Tls { .. }
        | SendFailure::Broken { .. }
        | SendFailure::TooLong { .. }
        | SendFailure::Prepare(_) => Outcome::Retry { not_before: None },
    };
    let (latency_ms, error) = (whole_ms(latency), Some(failure.code()));
    Sent { outcome, record: AttemptRecord { status: None, latency_ms, answer: None, error } }
}

fn headers(sending: &Sending<'_>) -> HeaderMap {
    let Sending { signers, message_id, now, body, .. } = sending;
    let id = message_id.to_string();
    let signed = [
        (HEADER_ID, id.clone()),
        (HEADER_TIMESTAMP, now.as_second().to_string()),
        (HEADER_SIGNATURE, signature::sign(signers, &id, *now, body)),
    ];
    let mut headers: HeaderMap = signed
        .into_iter()
        // Letters, digits and the signs of base64: each is a header's value.
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value).ok()?)))
        .collect();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers
}

/// A time that is over is none.
fn not_before(after: RetryAfter, now: Timestamp) -> Option<Timestamp> {
    let latest = now.checked_add(RETRY_AFTER_MAX).ok()?;
    let named = match after {
        RetryAfter::In(wait) => now.checked_add(wait.min(RETRY_AFTER_MAX.unsigned_abs())).ok()?,
        RetryAfter::At(time) => Timestamp::try_from(time).ok()?,
    };
    (named > now).then(|| named.min(latest))
}

fn whole_ms(latency: Duration) -> u64 {
    u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)
}
