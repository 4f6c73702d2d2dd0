//! What is dropped in the middle has not happened.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
};

use super::*;

on_every_engine!(
    a_handover_that_is_dropped_leaves_nothing,
    a_claim_that_is_dropped_leases_nothing_for_long,
    a_report_that_is_dropped_is_made_again,
);

/// Polls it so often, whenever it has got on, and drops it; true where it came to its end before.
async fn dropped_after<T>(polls: usize, work: impl Future<Output = T>) -> bool {
    let (mut work, mut left) = (pin!(work), polls);
    let turn = |context: &mut Context<'_>| {
        let Some(less) = left.checked_sub(1) else { return Poll::Ready(false) };
        left = less;
        work.as_mut().poll(context).map(|_| true)
    };
    poll_fn(turn).await
}

fn moved(number: u64) -> Handover {
    let from = (number > 0).then(|| Position::new(number));
    let checkpoint = Moved { name: "follower".to_owned(), from, to: Position::new(number + 1) };
    let messages = [posted(number.into(), 1), notice(u128::from(number) + 1_000, &number.to_string(), 80)];
    Handover { checkpoint: Some(checkpoint), ..by_time(messages) }
}

async fn a_handover_that_is_dropped_leaves_nothing(room: Room) {
    let mut number = 0;
    for polls in 0..60 {
        let done = dropped_after(polls, room.commit(moved(number))).await;
        // Waits for the end of what was dropped: one at a time hands over.
        room.tell([]).await;
        let checkpoint = room.checkpoint("follower").await.unwrap();
        let there = checkpoint == Some(Position::new(number + 1));
        assert!(there || !done, "what is acknowledged is there");
        // The checkpoint says whether it happened, all of it.
        assert_eq!(room.message(message_id(number.into())).await.unwrap().is_some(), there);
        for delivery in [u128::from(number), u128::from(number) + 1_000] {
            assert_eq!(room.delivery(delivery_id(delivery)).await.unwrap().is_some(), there);
        }
        if there {
            number += 1;
        }
    }
    assert!(number > 0, "some came to their end");
}

async fn a_claim_that_is_dropped_leases_nothing_for_long(room: Room) {
    room.tell((0..20).map(|number| posted(number, number))).await;
    for polls in 0..20 {
        dropped_after(polls, room.claim(claim(at(0), 1, 20))).await;
    }
    let claimed = room.claim_some(at(60), 2, 20).await;
    assert_eq!(claimed.len(), 20);
}

async fn a_report_that_is_dropped_is_made_again(room: Room) {
    room.tell([posted(1, 1)]).await;
    let claimed = room.claim_one(at(0), 1).await;
    for polls in 0..30 {
        dropped_after(polls, room.report(report(&claimed, at(1), Outcome::Delivered))).await;
        // A commit that nobody waits for any more may arrive at any time: looked at again where it did meanwhile.
        loop {
            let delivered = room.state(1).await == DeliveryState::Delivered;
            let attempts = room.attempts(delivery_id(1)).await.unwrap().len();
            let counted = room.endpoint(endpoint(1)).await.unwrap().is_some();
            if delivered == (room.state(1).await == DeliveryState::Delivered) {
                assert_eq!((attempts, counted), (usize::from(delivered), delivered));
                break;
            }
        }
    }
    room.end(&claimed, at(1), Outcome::Delivered).await;
    assert_eq!(room.state(1).await, DeliveryState::Delivered);
}
