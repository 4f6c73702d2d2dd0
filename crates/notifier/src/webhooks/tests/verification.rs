//! Who answers a challenge, and who does not.

use serde_json::{Value, json};
use test_servers::{Receiver, Reply};

use super::{
    attempts::{PATIENT, client, message},
    now, signer,
};
use crate::webhooks::verify::{Challenge, Verification, Verifying, verify};

fn challenge() -> Challenge {
    Challenge::new(&[3; 32])
}

async fn verified(receiver: &Receiver) -> Verification {
    let (url, signers, challenge) = (receiver.url("/hooks").parse().unwrap(), [signer()], challenge());
    let (url, signers) = (&url, &signers[..]);
    let verifying = Verifying { url, signers, message_id: message(), now: now(), challenge: &challenge };
    verify(&client(&["127.0.0.1"], PATIENT), &verifying).await.unwrap()
}

async fn check(reply: Reply, error: Option<&str>) {
    let receiver = Receiver::start().await.unwrap();
    receiver.next([reply.clone()]);
    let Verification { verified, record } = verified(&receiver).await;
    assert_eq!((verified, record.error), (error.is_none(), error), "{reply:?}");
    let kept = record.answer.unwrap_or_default();
    assert!(!kept.contains(challenge().as_str()), "{kept}");
}

#[tokio::test]
async fn an_endpoint_is_asked_by_a_signed_webhook_of_its_own_type() {
    let receiver = Receiver::start().await.unwrap();
    receiver.otherwise(Reply::Echo);
    assert!(verified(&receiver).await.verified);
    let [asked] = &receiver.asked()[..] else { panic!("asked once") };
    let body: Value = serde_json::from_slice(&asked.body).unwrap();
    let expected = json!({
        "type": "endpoint.verify", "timestamp": "2022-04-07T21:39:13Z", "data": {"challenge": challenge().as_str()},
    });
    assert_eq!(body, expected);
    assert!(asked.field("webhook-signature").unwrap().starts_with("v1,"));
}

#[tokio::test]
async fn who_answers_the_challenge_holds_the_endpoint() {
    let text = challenge().as_str().to_owned();
    let escaped: String = text.chars().map(|one| format!("\\u{:04x}", u32::from(one))).collect();
    for body in [
        text.clone(),
        format!("{text}\n"),
        json!({ "challenge": text }).to_string(),
        json!({ "ok": true, "challenge": text }).to_string(),
        format!(r#"{{"challenge":"{escaped}"}}"#),
    ] {
        check(Reply::body(200, &body), None).await;
    }
}

#[tokio::test]
async fn who_does_not_answer_it_does_not() {
    let text = challenge().as_str().to_owned();
    let not_answered = Some("webhook_challenge_not_answered");
    check(Reply::status(200), not_answered).await;
    check(Reply::status(204), not_answered).await;
    check(Reply::body(200, "ok"), not_answered).await;
    check(Reply::body(200, &text[1..]), not_answered).await;
    check(Reply::body(200, &(" ".repeat(1024) + &text)), not_answered).await;
    check(Reply::body(400, &text), Some("webhook_not_taken")).await;
    check(Reply::body(302, &text), Some("webhook_redirected")).await;
    check(Reply::body(410, &text), Some("webhook_gone")).await;
    check(Reply::Reset, Some("outbound_connection_broken")).await;
}
