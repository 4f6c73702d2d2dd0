//! One attempt: what arrives, and what becomes of each answer.

use std::time::Duration;

use domain::MessageId;
use outbound::{Client, Policy, Settings, SystemLookup};
use test_servers::{Receiver, Reply};

use super::{SECRET, now, signer};
use crate::webhooks::{
    send::{Outcome, Sending, Sent, send},
    signature::{HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP, Received, TOLERANCE, verify},
};

pub(super) const PATIENT: Duration = Duration::from_secs(30);
const IMPATIENT: Duration = Duration::from_millis(300);
const BODY: &[u8] = br#"{"type":"key.revoked"}"#;

pub(super) fn client(allow: &[&str], answer_within: Duration) -> Client {
    let allow = allow.iter().map(|text| text.parse().unwrap()).collect();
    let policy = Policy { allow, allow_http: true, ..Policy::default() };
    Client::new(policy, Settings { answer_within, ..Settings::default() }, SystemLookup::default()).unwrap()
}

pub(super) fn message() -> MessageId {
    MessageId::from_u128(7)
}

async fn attempt(client: &Client, url: &str) -> Sent {
    let (url, signers) = (url.parse().unwrap(), [signer()]);
    send(client, &Sending { url: &url, signers: &signers, message_id: message(), now: now(), body: BODY })
        .await
}

/// What becomes of one attempt that is answered so.
async fn after(reply: Reply, answer_within: Duration) -> Sent {
    let receiver = Receiver::start().await.unwrap();
    receiver.next([reply]);
    attempt(&client(&["127.0.0.1"], answer_within), &receiver.url("/hooks")).await
}

async fn check(reply: Reply, outcome: Outcome, status: u16, error: Option<&str>) {
    let Sent { outcome: found, record } = after(reply.clone(), PATIENT).await;
    assert_eq!((found, record.status, record.error), (outcome, Some(status), error), "{reply:?}");
}

const RETRY: Outcome = Outcome::Retry { not_before: None };

#[tokio::test]
async fn what_arrives_is_signed_and_is_what_was_signed() {
    let receiver = Receiver::start().await.unwrap();
    let client = client(&["127.0.0.1"], PATIENT);
    for _ in 0..2 {
        assert_eq!(attempt(&client, &receiver.url("/hooks?a=b")).await.outcome, Outcome::Delivered);
    }
    let asked = receiver.asked();
    assert_eq!(asked.len(), 2);
    for asked in asked {
        let field = |name: &str| asked.field(name).unwrap();
        assert_eq!((asked.method.as_str(), asked.path.as_str()), ("POST", "/hooks?a=b"));
        assert_eq!(field("content-type"), "application/json");
        assert_eq!(field(HEADER_ID), message().to_string(), "the same with every attempt");
        let received = Received {
            id: field(HEADER_ID),
            timestamp: field(HEADER_TIMESTAMP),
            signature: field(HEADER_SIGNATURE),
            body: &asked.body,
        };
        assert_eq!(verify(&[SECRET.parse().unwrap()], &received, now(), TOLERANCE), Ok(()));
        assert_eq!(asked.body, BODY);
    }
}

#[tokio::test]
async fn a_receiver_that_has_it_says_2xx_and_nothing_else() {
    for status in [200, 201, 202, 204, 299] {
        check(Reply::status(status), Outcome::Delivered, status, None).await;
    }
    for status in [400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504] {
        check(Reply::status(status), RETRY, status, Some("webhook_not_taken")).await;
    }
    check(Reply::status(410), Outcome::Gone, 410, Some("webhook_gone")).await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Receiver::start().await.unwrap();
    for status in [301, 302, 307, 308] {
        let reply = Reply::with(status, "location", &elsewhere.url("/"));
        check(reply, RETRY, status, Some("webhook_redirected")).await;
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_receiver_may_put_us_off_by_a_day_at_most() {
    let seconds = |seconds: u64| Some(now() + Duration::from_secs(seconds));
    for (text, not_before) in [
        ("120", seconds(120)),
        ("86400", seconds(86_400)),
        ("86401", seconds(86_400)),
        ("99999999999999999999", seconds(86_400)),
        ("0", None),
        ("soon", None),
        ("Thu, 07 Apr 2022 21:44:13 GMT", seconds(300)),
        ("Thu, 07 Apr 2022 21:39:13 GMT", None),
        ("Wed, 06 Apr 2022 14:30:53 GMT", None),
        ("Fri, 07 Apr 2023 14:30:53 GMT", seconds(86_400)),
    ] {
        for status in [429, 503] {
            let reply = Reply::with(status, "retry-after", text);
            check(reply, Outcome::Retry { not_before }, status, Some("webhook_not_taken")).await;
        }
    }
    check(Reply::with(200, "retry-after", "120"), Outcome::Delivered, 200, None).await;
    check(Reply::with(410, "retry-after", "120"), Outcome::Gone, 410, Some("webhook_gone")).await;
}

#[tokio::test]
async fn a_receiver_that_dawdles_or_hangs_up_is_tried_again() {
    for (reply, within, error) in [
        (Reply::Silence, IMPATIENT, "outbound_timeout"),
        (Reply::Reset, PATIENT, "outbound_connection_broken"),
    ] {
        let Sent { outcome, record } = after(reply, within).await;
        assert_eq!((outcome, record.status, record.error), (RETRY, None, Some(error)));
        assert_eq!(record.answer, None);
    }
    let nobody = attempt(&client(&["127.0.0.1"], PATIENT), "http://127.0.0.1:1/").await;
    assert_eq!((nobody.outcome, nobody.record.error), (RETRY, Some("outbound_not_reached")));
    let nameless = attempt(&client(&[], PATIENT), "http://hooks.invalid/").await;
    assert_eq!((nameless.outcome, nameless.record.error), (RETRY, Some("outbound_name_not_resolved")));
}

#[tokio::test]
async fn who_has_said_2xx_has_it_although_the_rest_does_not_come() {
    let slow = |status| Reply::Slow { status, body: "so f".to_owned() };
    let Sent { outcome, record } = after(slow(200), IMPATIENT).await;
    assert_eq!((outcome, record.status), (Outcome::Delivered, Some(200)));
    assert_eq!((record.answer.as_deref(), record.error), (Some("so f"), Some("outbound_timeout")));
    let Sent { outcome, record } = after(slow(500), IMPATIENT).await;
    assert_eq!((outcome, record.error), (RETRY, Some("webhook_not_taken")));
}

#[tokio::test]
async fn the_first_1024_bytes_of_an_answer_are_kept() {
    let Sent { record, .. } = after(Reply::body(500, &"x".repeat(5_000)), PATIENT).await;
    assert_eq!(record.answer.unwrap(), "x".repeat(1024));
}

#[tokio::test]
async fn what_the_policy_forbids_is_not_sent() {
    let receiver = Receiver::start().await.unwrap();
    let strict = client(&[], PATIENT);
    let Sent { outcome, record } = attempt(&strict, &receiver.url("/")).await;
    assert_eq!((outcome, record.status), (Outcome::Refused, None));
    assert_eq!(record.error, Some("outbound_address_not_public"));
    let by_name = receiver.url("/").replace("127.0.0.1", "localhost");
    assert_eq!(attempt(&strict, &by_name).await.record.error, Some("outbound_address_not_public"));
    assert!(receiver.asked().is_empty());
}
