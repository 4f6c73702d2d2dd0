//! What is told is told once, to whom it concerns, and nothing of before.

use domain::{
    NoticeName as N,
    notification_rule::{Cadence, Recipient},
};
use jiff::SignedDuration;

use super::harness::{CONTACT, OWNER, World, the};

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

fn pending(of: &str) -> (String, String) {
    (of.to_owned(), "pending".to_owned())
}

#[tokio::test]
async fn what_happens_to_a_key_is_told_once_to_its_owner_and_contacts() {
    let world = World::new().await;
    let client = world.client(1).await;
    let before = world.key(client, 1, None).await;
    world.pass(SignedDuration::from_secs(1));
    let recipients = vec![Recipient::Owner, Recipient::Contacts { role: None }, Recipient::Owner];
    world.rule(1, &[N::KeyIssued, N::KeyRevoked], recipients, Cadence::Immediate).await;
    world.follow().await;
    assert_eq!(world.told().await, [], "issued before the rule was made");
    world.revoke(before).await;
    world.follow().await;
    assert_eq!(world.told().await, vec![pending("notice.key_revoked"); 2]);
    let mut to: Vec<_> = world.deliveries().await.into_iter().filter_map(|row| row.address).collect();
    to.sort();
    assert_eq!(to, [CONTACT, OWNER]);
    // Another process, or this one after a crash, tells of it again: it is known.
    let follower = crate::follow::Follower::new(&world.parts);
    drop(follower);
    world.follow().await;
    assert_eq!(world.deliveries().await.len(), 2);
}

#[tokio::test]
async fn a_notifier_that_begins_tells_nothing_of_what_was() {
    let world = World::new().await;
    let client = world.client(1).await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    world.key(client, 1, None).await;
    // An outbox that was lost begins anew at the head.
    let other = outbox::Outbox::open_sqlite(&world.dir.path().join("another.db")).await.unwrap();
    let parts = crate::Parts { outbox: other.clone(), ..world.parts.clone() };
    let mut follower = crate::follow::Follower::new(&parts);
    follower.step_once().await.unwrap();
    assert_eq!(other.checkpoint("events").await.unwrap(), Some(world.parts.log.head()));
    let all = other.deliveries(&outbox::DeliveryFilter::default(), outbox::Page::first(10)).await.unwrap();
    assert_eq!(all.len(), 0);
}

#[tokio::test]
async fn a_key_that_expires_is_told_at_each_mark_once_and_never_after_it_was_rotated() {
    let world = World::new().await;
    let client = world.client(1).await;
    world.rule(1, &[N::KeyExpiring], vec![Recipient::Owner], Cadence::Immediate).await;
    let key = world.key(client, 1, Some(days(31))).await;
    world.follow().await;
    // Between two marks, the one before it is reached.
    world.look().await;
    assert_eq!(world.told().await, vec![pending("notice.key_expiring")]);
    world.look().await;
    assert_eq!(world.deliveries().await.len(), 1, "told once for each mark");
    world.pass(days(1));
    world.look().await;
    assert_eq!(world.deliveries().await.len(), 2, "30 days");
    // Nobody was here for more than three weeks: the nearest mark stands for those before it.
    world.pass(days(28));
    world.look().await;
    assert_eq!(world.deliveries().await.len(), 3, "2 days: the mark of 3");
    world.rotate(key, days(60)).await;
    world.follow().await;
    let states: Vec<_> = world.told().await.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["cancelled", "cancelled", "cancelled"]);
    // Another secret, another end.
    world.look().await;
    assert_eq!(world.deliveries().await.len(), 4, "60 days");
    world.revoke(key).await;
    world.follow().await;
    world.pass(days(59));
    world.look().await;
    assert!(
        world.told().await.iter().all(|(_, state)| state != "pending"),
        "a revoked key has no end to come"
    );
}

#[tokio::test]
async fn after_a_silence_letters_are_gathered_into_one() {
    let world = World::new().await;
    let client = world.client(1).await;
    world.rule(1, &[N::KeyExpiring, N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    world.look().await;
    for number in 1..=5 {
        world.key(client, number, Some(days(10))).await;
    }
    // The notifier was away for two days.
    world.pass(days(2));
    world.follow().await;
    world.look().await;
    assert!(world.told().await.iter().all(|(_, state)| state == "gathered"));
    assert_eq!(world.deliveries().await.len(), 10);
    crate::digests::make(&world.parts).await.unwrap();
    assert_eq!(world.deliveries().await.len(), 10, "not before all of it is gathered");
    world.pass(SignedDuration::from_secs(61));
    for _ in 0..2 {
        crate::digests::make(&world.parts).await.unwrap();
    }
    let told = world.told().await;
    assert_eq!(told.iter().filter(|(of, _)| of == "notice.digest").count(), 1);
    assert_eq!(told.last(), Some(&pending("notice.digest")));
}

#[tokio::test]
async fn a_digest_is_due_in_the_morning() {
    let world = World::new().await;
    let client = world.client(1).await;
    let morning = Cadence::Digest { hour: 8, time_zone: the("Europe/Berlin"), team_zones: [].into() };
    world.rule(1, &[N::KeyIssued, N::KeyRevoked], vec![Recipient::Owner], morning).await;
    let key = world.key(client, 1, None).await;
    world.revoke(key).await;
    world.follow().await;
    let due: Vec<_> = world.deliveries().await.into_iter().map(|row| row.due_at.to_string()).collect();
    assert_eq!(due, ["2026-03-02T07:00:00Z", "2026-03-02T07:00:00Z"]);
    world.pass(SignedDuration::from_hours(19));
    crate::digests::make(&world.parts).await.unwrap();
    assert_eq!(world.told().await.last(), Some(&pending("notice.digest")));
}

#[tokio::test]
async fn a_team_that_is_elsewhere_has_its_digest_in_its_own_morning() {
    for (team, due) in [("Orders", "2026-03-01T23:00:00Z"), ("Billing", "2026-03-02T07:00:00Z")] {
        let world = World::new().await;
        let client = world.client(1).await;
        let team_zones = [(the(team), the("Asia/Tokyo"))].into();
        let morning = Cadence::Digest { hour: 8, time_zone: the("Europe/Berlin"), team_zones };
        world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], morning).await;
        world.key(client, 1, None).await;
        world.follow().await;
        let all: Vec<_> = world.deliveries().await.into_iter().map(|row| row.due_at.to_string()).collect();
        assert_eq!(all, [due], "the client is of the team Orders");
    }
}

#[tokio::test]
async fn a_rule_is_previewed_by_what_has_happened() {
    let world = World::new().await;
    let client = world.client(1).await;
    let key = world.key(client, 1, Some(days(35))).await;
    world.pass(days(10));
    world.revoke(world.key(client, 2, None).await).await;
    let _: domain::KeyId = key;
    let spec = domain::notification_rule::RuleSpec {
        name: the("a"),
        notices: [N::KeyIssued, N::KeyRevoked, N::KeyExpiring].into(),
        thresholds: [].into(),
        days_before: [30, 60].into(),
        about: domain::notification_rule::About::default(),
        recipients: vec![Recipient::Owner],
        cadence: Cadence::Immediate,
        report: None,
    };
    let previewed =
        crate::preview(&world.parts.log, &world.parts.read, &spec, [].into(), world.now()).await.unwrap();
    let names: Vec<_> = previewed.notices.iter().map(|one| one.notice.name()).collect();
    assert_eq!(names.iter().filter(|name| **name == N::KeyIssued).count(), 2);
    assert_eq!(names.iter().filter(|name| **name == N::KeyRevoked).count(), 1);
    assert_eq!(names.iter().filter(|name| **name == N::KeyExpiring).count(), 2, "{names:?}");
    assert!(previewed.notices.iter().all(|one| one.addresses == 1) && !previewed.cut);
    assert_eq!(world.told().await, [], "nothing is told by it");
}
