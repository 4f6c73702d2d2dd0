//! Letters by a real mail server: written once, tried again where it says so, and to the owner where an address is of no use.

use std::time::Duration;

use domain::{
    NoticeName as N,
    notification_rule::{Cadence, Recipient},
};
use jiff::SignedDuration;
use test_servers::MailServer;

use super::harness::World;
use crate::mail::{MailTls, Smtp, SmtpSettings};

pub(super) async fn smtp() -> Smtp {
    smtp_at(MailServer::shared().await.unwrap().plain())
}

fn smtp_at(port: u16) -> Smtp {
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: MailTls::None,
        allow_plaintext: false,
        user: None,
        password: None,
        from: "Tollgate <tollgate@example.com>".to_owned(),
        ca: None,
        timeout: Duration::from_secs(10),
    };
    Smtp::new(&settings).unwrap()
}

pub(super) fn received(address: &str) -> usize {
    // The server is started by then.
    futures::executor::block_on(MailServer::shared()).unwrap().received_by(address).unwrap().len()
}

async fn world() -> World {
    World::with_mail(Some(smtp().await)).await
}

#[tokio::test]
async fn a_letter_is_sent_once_and_tells_what_happened() {
    let world = world().await;
    let client = world.client_of(1, "letters-owner@example.com", "letters-ada@example.com").await;
    world.rule(1, &[N::KeyRevoked], vec![Recipient::Contacts { role: None }], Cadence::Immediate).await;
    world.revoke(world.key(client, 1, None).await).await;
    world.follow().await;
    world.deliver().await;
    world.deliver().await;
    let server = MailServer::shared().await.unwrap();
    let letters = server.received_by("letters-ada@example.com").unwrap();
    assert_eq!(letters.len(), 1);
    let text = letters[0].to_string();
    assert!(text.contains("checkout") && text.contains("as agreed") && text.contains("Booking"), "{text}");
    assert_eq!(received("letters-owner@example.com"), 0);
    assert_eq!(world.told().await, [("notice.key_revoked".to_owned(), "delivered".to_owned())]);
}

#[tokio::test]
async fn an_address_that_is_of_no_use_is_marked_and_the_owner_is_told() {
    let world = world().await;
    let client = world.client_of(1, "fallback-owner@example.com", "refused@example.com").await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Contacts { role: None }], Cadence::Immediate).await;
    world.key(client, 1, None).await;
    world.follow().await;
    world.deliver().await;
    assert!(world.parts.outbox.is_marked("refused@example.com").await.unwrap().is_some());
    world.deliver().await;
    assert_eq!(received("fallback-owner@example.com"), 1);
    // From now on the owner is told at once.
    world.key(client, 2, None).await;
    world.follow().await;
    world.deliver().await;
    assert_eq!(received("fallback-owner@example.com"), 2);
    let states: Vec<_> = world.told().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["dead", "delivered", "delivered"]);
    // After a week it is tried again: it may have been mended.
    world.pass(SignedDuration::from_hours(24 * 7));
    world.key(client, 3, None).await;
    world.follow().await;
    let tried = world.deliveries().await;
    assert_eq!(tried.first().and_then(|row| row.address.as_deref()), Some("refused@example.com"));
}

#[tokio::test]
async fn an_owner_who_is_told_anyway_is_not_told_in_place_of_another() {
    let world = world().await;
    let client = world.client_of(1, "told-anyway@example.com", "refused@example.com").await;
    let both = vec![Recipient::Owner, Recipient::Contacts { role: None }];
    world.rule(1, &[N::KeyIssued], both, Cadence::Immediate).await;
    world.key(client, 1, None).await;
    world.follow().await;
    world.deliver().await;
    world.deliver().await;
    assert_eq!(received("told-anyway@example.com"), 1);
    let mut states: Vec<_> = world.told().await.into_iter().map(|(_, state)| state).collect();
    states.sort_unstable();
    assert_eq!(states, ["dead", "delivered"]);
}

#[tokio::test]
async fn a_letter_that_takes_longer_than_it_may_has_failed() {
    // Connections are taken, and nobody says anything on them.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut world = World::with_mail(Some(smtp_at(silent.local_addr().unwrap().port()))).await;
    world.parts.settings.attempt_max = Duration::from_millis(50);
    let client = world.client(1).await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    world.key(client, 1, None).await;
    world.follow().await;
    world.deliver().await;
    let tried = world.deliveries().await;
    let [row] = &tried[..] else { panic!("{tried:?}") };
    assert_eq!((row.failures, row.last_error.as_deref()), (1, Some("attempt_timed_out")));
    assert_eq!((row.state.to_string().as_str(), row.leased_until), ("pending", None));
    // Like any other that failed, it is not tried again before its time, and given up in the end.
    world.deliver().await;
    assert_eq!(world.deliveries().await[0].attempts, 1);
    for _ in 0..9 {
        world.pass(SignedDuration::from_hours(27));
        world.deliver().await;
    }
    assert_eq!(world.told().await, [("notice.key_issued".to_owned(), "dead".to_owned())]);
}

#[tokio::test]
async fn nothing_is_sent_when_a_lease_is_about_to_end() {
    let mut world = world().await;
    // So that nothing of it is left for a try.
    world.parts.settings.lease = crate::deliver::REPORTED_WITHIN;
    let client = world.client_of(1, "late-owner@example.com", "late-ada@example.com").await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    world.key(client, 1, None).await;
    world.follow().await;
    world.deliver().await;
    assert_eq!(received("late-owner@example.com"), 0);
    assert_eq!(world.deliveries().await[0].last_error.as_deref(), Some("attempt_timed_out"));
}

#[tokio::test]
async fn a_letter_that_is_not_taken_now_is_sent_later() {
    let world = world().await;
    let client = world.client_of(1, "busy@example.com", "later@example.com").await;
    let both = vec![Recipient::Owner, Recipient::Contacts { role: None }];
    world.rule(1, &[N::KeyIssued], both, Cadence::Immediate).await;
    world.key(client, 1, None).await;
    world.follow().await;
    world.deliver().await;
    let deliveries = world.deliveries().await;
    assert!(deliveries.iter().all(|row| row.state.to_string() == "pending" && row.attempts == 1));
    let mut codes: Vec<_> = deliveries.iter().filter_map(|row| row.last_status).collect();
    codes.sort_unstable();
    assert_eq!(codes, [421, 450]);
    world.pass(SignedDuration::from_secs(6));
    world.deliver().await;
    assert!(world.deliveries().await.iter().all(|row| row.attempts == 2));
}

#[tokio::test]
async fn what_was_gathered_is_one_letter() {
    let world = world().await;
    let client = world.client_of(1, "digest-owner@example.com", "digest-ada@example.com").await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    world.look().await;
    for number in 1..=3 {
        world.key(client, number, None).await;
    }
    world.pass(SignedDuration::from_hours(3));
    world.follow().await;
    world.pass(SignedDuration::from_secs(61));
    crate::digests::make(&world.parts).await.unwrap();
    world.deliver().await;
    let letters = MailServer::shared().await.unwrap().received_by("digest-owner@example.com").unwrap();
    assert_eq!(letters.len(), 1);
    let text = letters[0].to_string();
    assert!(text.to_lowercase().contains("list-unsubscribe"), "{text}");
    let states: Vec<_> = world.told().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["delivered"; 4], "the three, and the letter that told them");
}

#[tokio::test]
async fn when_letters_do_not_get_through_webhooks_tell_of_it() {
    use domain::access::GrantScope;
    use test_servers::Receiver;
    let settings = SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port: closed_port(),
        tls: MailTls::None,
        allow_plaintext: false,
        user: None,
        password: None,
        from: "tollgate@example.com".to_owned(),
        ca: None,
        timeout: Duration::from_secs(2),
    };
    let world = World::with_mail(Some(Smtp::new(&settings).unwrap())).await;
    let receiver = Receiver::start().await.unwrap();
    world.webhook(1, &receiver.url("/"), &["notice.channel_down"], GrantScope::All).await;
    let client = world.client(1).await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    world.key(client, 1, None).await;
    world.follow().await;
    world.deliver().await;
    world.look().await;
    assert_eq!(receiver.asked().len(), 0, "not at the first failure");
    for _ in 0..2 {
        world.pass(SignedDuration::from_mins(10));
        world.deliver().await;
        world.look().await;
    }
    world.deliver().await;
    let said: Vec<serde_json::Value> =
        receiver.asked().iter().map(|asked| serde_json::from_slice(&asked.body).unwrap()).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["data"]["channel"], "email");
    assert_eq!(said[0]["data"]["waiting"], 1);
}

/// A port at which nobody listens.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
