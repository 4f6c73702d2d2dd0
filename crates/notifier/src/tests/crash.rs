//! What is cut off anywhere is done by whoever goes on: nothing is lost, and nothing is in the store twice.
//!
//! Work is dropped at each place where it waits, one after the other, as if the process had ended there.

use std::{collections::BTreeSet, future::Future, pin::pin, task::Poll, time::Instant};

use domain::{
    NoticeName as N,
    access::GrantScope,
    notification_rule::{Cadence, Recipient},
};
use jiff::SignedDuration;
use test_servers::Receiver;

use super::harness::World;
use crate::{deliver, follow::Follower, timed::Watch};

/// Lets it go on so many times. None: it was dropped before its end.
async fn cut_off<T>(after: usize, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut polled) = (pin!(work), 0);
    std::future::poll_fn(|context| {
        if polled == after {
            return Poll::Ready(None);
        }
        polled += 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Where work is cut off, until some of it is not: how many places there are is the machine's affair.
fn places() -> impl Iterator<Item = usize> {
    (1..40).chain((40..200).step_by(20)).chain([400, 1_000, 10_000])
}

#[tokio::test]
async fn telling_that_is_cut_off_anywhere_is_done_once() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    world.webhook(1, &receiver.url("/"), &["api_key.issued"], GrantScope::All).await;
    world.rule(1, &[N::KeyIssued], vec![Recipient::Owner], Cadence::Immediate).await;
    let client = world.client(1).await;
    world.pass(SignedDuration::from_secs(1));
    world.follow().await;
    let (mut issued, mut whole) = (0, false);
    for place in places() {
        issued += 1;
        world.key(client, issued, None).await;
        let mut follower = Follower::new(&world.parts);
        whole |= cut_off(place, follower.step_once()).await.is_some();
        drop(follower);
        world.follow().await;
        let told = world.told().await;
        let of = |name: &str| u128::try_from(told.iter().filter(|(of, _)| of == name).count()).unwrap();
        let told = (of("api_key.issued"), of("notice.key_issued"));
        assert_eq!(told, (issued, issued), "cut off at {place}");
        if whole {
            break;
        }
    }
    assert!(whole, "some run was not cut off");
}

#[tokio::test]
async fn looking_at_the_time_that_is_cut_off_anywhere_tells_once() {
    let world = World::new().await;
    world.rule(1, &[N::KeyExpiring], vec![Recipient::Owner], Cadence::Immediate).await;
    let client = world.client(1).await;
    world.look().await;
    let (mut issued, mut whole) = (0, false);
    for place in places() {
        issued += 1;
        world.key(client, issued, Some(SignedDuration::from_hours(24 * 10))).await;
        let mut watch = Watch::new(&world.parts, &world.channels);
        whole |= cut_off(place, watch.look(world.now(), Instant::now())).await.is_some();
        drop(watch);
        world.look().await;
        assert_eq!(u128::try_from(world.deliveries().await.len()).unwrap(), issued, "cut off at {place}");
        if whole {
            break;
        }
    }
    assert!(whole, "some run was not cut off");
}

#[tokio::test]
async fn a_delivery_that_is_cut_off_anywhere_is_tried_again_under_its_id() {
    let (world, receiver) = (World::new().await, Receiver::start().await.unwrap());
    world.webhook(1, &receiver.url("/"), &["api_key.issued"], GrantScope::All).await;
    let client = world.client(1).await;
    world.follow().await;
    let (mut issued, mut whole) = (0, false);
    for place in places() {
        issued += 1;
        let key = world.key(client, issued, None).await.to_string();
        world.follow().await;
        whole |= cut_off(place, deliver::try_due(&world.parts, &world.channels)).await.is_some();
        // Whoever held it is gone; its lease ends.
        world.pass(SignedDuration::from_secs(121));
        world.deliver().await;
        let asked = receiver.asked();
        let of_key = asked.iter().filter(|asked| {
            let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
            body["subject"]["id"] == key.as_str()
        });
        let ids: Vec<&str> = of_key.map(|asked| asked.field("webhook-id").unwrap()).collect();
        assert!((1..=2).contains(&ids.len()), "{} times, cut off at {place}", ids.len());
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1);
        assert!(world.told().await.iter().all(|(_, state)| state == "delivered"), "cut off at {place}");
        if whole {
            break;
        }
    }
    assert!(whole, "some run was not cut off");
}
