//! What an erasure leaves of messages that wait: most can be told without it, and what cannot keeps nobody else waiting.

use domain::{
    NoticeName as N,
    access::GrantScope,
    notification_rule::{Cadence, Recipient},
};
use jiff::SignedDuration;
use test_servers::{MailServer, Receiver};

use super::{
    harness::World,
    letters::{received, smtp},
};

/// Somebody is called like this.
async fn erase(world: &World, values: &[&str]) {
    let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
    world.parts.outbox.forget_address(&values, world.now()).await.unwrap();
}

/// States with last errors, the oldest first.
async fn ends(world: &World) -> Vec<(String, Option<String>)> {
    let rows = world.deliveries().await.into_iter().rev();
    rows.map(|row| (row.state.to_string(), row.last_error)).collect()
}

fn end(state: &str, error: Option<&str>) -> (String, Option<String>) {
    (state.to_owned(), error.map(str::to_owned))
}

#[tokio::test]
async fn a_letter_is_sent_without_the_reason_that_was_erased() {
    let world = World::with_mail(Some(smtp().await)).await;
    let client = world.client_of(1, "no-reason@example.com", "no-reason-ada@example.com").await;
    world.rule(1, &[N::KeyRevoked], vec![Recipient::Owner], Cadence::Immediate).await;
    world.revoke(world.key(client, 1, None).await).await;
    world.follow().await;
    erase(&world, &["Agreed"]).await;
    world.deliver().await;
    let letters = MailServer::shared().await.unwrap().received_by("no-reason@example.com").unwrap();
    assert_eq!(letters.len(), 1);
    let text = letters[0].to_string();
    assert!(text.contains("[erased]") && text.contains("checkout") && !text.contains("agreed"), "{text}");
}

#[tokio::test]
async fn a_letter_that_cannot_be_read_any_more_is_given_up_at_once() {
    let world = World::with_mail(Some(smtp().await)).await;
    let client = world.client_of(1, "unreadable@example.com", "unreadable-ada@example.com").await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    let unreadable = world.key(client, 1, None).await.to_string();
    world.key(client, 2, None).await;
    world.follow().await;
    erase(&world, &[&unreadable]).await;
    world.deliver().await;
    assert_eq!(ends(&world).await, [end("dead", Some("message_unreadable")), end("delivered", None)]);
    assert_eq!(received("unreadable@example.com"), 1);
    assert!(world.deliveries().await.iter().all(|row| row.attempts == 1 && row.leased_until.is_none()));
}

#[tokio::test]
async fn a_webhook_is_not_to_blame_for_what_cannot_be_read_any_more() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    let id = world.webhook(1, &receiver.url("/"), &["notice.*"], GrantScope::All).await;
    let client = world.client(1).await;
    let unreadable = world.key(client, 1, None).await.to_string();
    world.follow().await;
    erase(&world, &[&unreadable]).await;
    world.deliver().await;
    assert_eq!(receiver.asked().len(), 0);
    assert_eq!(ends(&world).await, [end("dead", Some("message_unreadable"))]);
    let endpoint = world.parts.outbox.endpoint(id).await.unwrap().unwrap();
    assert_eq!((endpoint.consecutive_failures, endpoint.failing_since), (0, None));
    world.key(client, 2, None).await;
    world.follow().await;
    world.deliver().await;
    assert_eq!(receiver.asked().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_any_more_keeps_no_digest_from_being_made() {
    let world = World::with_mail(Some(smtp().await)).await;
    let first = world.client_of(1, "erased-all@example.com", "erased-ada@example.com").await;
    let second = world.client_of(2, "erased-one@example.com", "erased-bob@example.com").await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    world.look().await;
    let unreadable =
        [world.key(first, 1, None).await.to_string(), world.key(second, 2, None).await.to_string()];
    world.key(second, 3, None).await;
    // They are gathered after a silence, and the one of which nothing is left comes first.
    world.pass(SignedDuration::from_hours(3));
    world.follow().await;
    erase(&world, &[&unreadable[0], &unreadable[1]]).await;
    world.pass(SignedDuration::from_secs(61));
    crate::digests::make(&world.parts).await.unwrap();
    world.deliver().await;
    let states: Vec<_> = world.told().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["dead", "delivered", "delivered", "dead", "delivered"], "three, and two letters");
    assert_eq!(received("erased-all@example.com"), 0);
    let letters = MailServer::shared().await.unwrap().received_by("erased-one@example.com").unwrap();
    assert_eq!(letters.len(), 1);
    let text = letters[0].to_string();
    assert!(text.contains("And 1 more notice"), "{text}");
}

#[tokio::test]
async fn a_digest_tells_what_an_erasure_has_left_of_it() {
    let world = World::with_mail(Some(smtp().await)).await;
    let client = world.client_of(1, "made-before@example.com", "made-before-ada@example.com").await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    world.look().await;
    let unreadable = world.key(client, 1, None).await.to_string();
    world.key(client, 2, None).await;
    world.pass(SignedDuration::from_hours(3));
    world.follow().await;
    world.pass(SignedDuration::from_secs(61));
    crate::digests::make(&world.parts).await.unwrap();
    erase(&world, &[&unreadable]).await;
    world.deliver().await;
    let letters = MailServer::shared().await.unwrap().received_by("made-before@example.com").unwrap();
    assert_eq!(letters.len(), 1);
    let text = letters[0].to_string();
    assert!(text.contains("And 1 more notice") && !text.contains(&unreadable), "{text}");
}
