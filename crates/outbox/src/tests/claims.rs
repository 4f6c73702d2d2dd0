use std::collections::BTreeSet;

use futures::future::join_all;

use super::*;

on_every_engine!(
    what_is_due_is_claimed_once,
    a_lease_that_has_ended_is_claimed_by_another,
    what_was_never_tried_comes_first,
    an_endpoint_has_no_more_in_flight_than_it_may,
    who_hangs_does_not_keep_others_waiting,
    what_is_behind_steps_up_when_there_is_room,
    what_is_claimed_says_all_that_is_told,
    what_was_not_tried_is_given_back,
    this_process_is_woken_by_what_it_made_due,
    two_who_claim_at_once_never_get_the_same,
    those_who_claim_at_once_keep_to_what_an_endpoint_may_have_in_flight,
);

async fn what_is_due_is_claimed_once(room: Room) {
    let mut later = posted(3, 1);
    later.deliveries[0].start = Start::Due(at(10));
    room.tell([posted(1, 1), posted(2, 2), later, mailed(4, "ann@example.com")]).await;
    assert_eq!(numbers(&room.claim_some(at(0), 1, 10).await), [1, 2]);
    assert_eq!(room.claim_some(at(0), 2, 10).await, []);
    assert_eq!(numbers(&room.claim_some(at(10), 3, 10).await), [3]);
    let by_mail = Claim { channel: Channel::Email, ..claim(at(0), 4, 10) };
    assert_eq!(numbers(&room.claim(by_mail).await.unwrap()), [4]);
}

async fn a_lease_that_has_ended_is_claimed_by_another(room: Room) {
    room.tell([posted(1, 1)]).await;
    let first = room.claim_one(at(0), 1).await;
    assert_eq!((first.attempt_no, first.leased_until), (1, at(60)));
    assert_eq!(room.claim_some(at(59), 2, 10).await, []);
    let second = room.claim_one(at(60), 3).await;
    assert_eq!((second.attempt_no, second.failures), (2, 0), "it counts as a try, not as a failure");
    // The first is late: its try is kept, and nothing else.
    assert_eq!(room.end(&first, at(61), Outcome::Delivered).await, Reported::Late);
    assert_eq!(room.state(1).await, DeliveryState::Pending);
    assert_eq!(room.endpoint(endpoint(1)).await.unwrap(), None);
    assert!(matches!(room.end(&second, at(62), Outcome::Delivered).await, Reported::Done { .. }));
    assert_eq!(room.end(&second, at(63), Outcome::Dead).await, Reported::Late, "once");
    assert_eq!(room.state(1).await, DeliveryState::Delivered);
    let kept: Vec<_> = room.attempts(delivery_id(1)).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|attempt| (attempt.attempt_no, attempt.outcome)).collect();
    assert_eq!(kept, [(1, AttemptOutcome::Late), (2, AttemptOutcome::Delivered)]);
}

async fn what_was_never_tried_comes_first(room: Room) {
    room.tell([posted(1, 1)]).await;
    let failed = room.claim_one(at(0), 1).await;
    room.end(&failed, at(1), Outcome::RetryAt(at(5))).await;
    let mut new = posted(2, 1);
    new.deliveries[0].start = Start::Due(at(8));
    room.tell([new]).await;
    assert_eq!(numbers(&room.claim_some(at(9), 2, 1).await), [2]);
    assert_eq!(numbers(&room.claim_some(at(9), 3, 1).await), [1]);
}

async fn an_endpoint_has_no_more_in_flight_than_it_may(room: Room) {
    room.tell((0..10).map(|number| posted(number, number % 2))).await;
    let narrow = |now, lease| Claim { per_endpoint_max: 2, ..claim(now, lease, 100) };
    let first = room.claim(narrow(at(0), 1)).await.unwrap();
    assert_eq!(numbers(&first), [0, 1, 2, 3]);
    assert_eq!(room.claim(narrow(at(0), 2)).await.unwrap(), []);
    let of_one = first.iter().find(|one| one.delivery_id == delivery_id(1)).unwrap();
    room.end(of_one, at(1), Outcome::Delivered).await;
    assert_eq!(numbers(&room.claim(narrow(at(1), 3)).await.unwrap()), [5]);
    // Mail has no endpoint that could be too much for.
    room.tell((20..30).map(|number| mailed(number, "ann@example.com"))).await;
    let by_mail = Claim { channel: Channel::Email, ..narrow(at(1), 4) };
    assert_eq!(room.claim(by_mail).await.unwrap().len(), 10);
}

async fn who_hangs_does_not_keep_others_waiting(room: Room) {
    // The backlog of one is older, and longer than what a claim looks at.
    room.tell((0..500).map(|number| posted(number, 1))).await;
    room.tell((500..520).map(|number| posted(number, number))).await;
    let narrow = |lease| Claim { per_endpoint_max: 3, ..claim(at(0), lease, 30) };
    let claimed = room.claim(narrow(1)).await.unwrap();
    assert_eq!(numbers(&claimed), [0, 1, 2].into_iter().chain(500..520).collect::<Vec<_>>());
    assert_eq!(room.claim(narrow(2)).await.unwrap(), []);
}

async fn what_is_behind_steps_up_when_there_is_room(room: Room) {
    room.tell((0..30).map(|number| posted(number, 1))).await;
    room.tell((30..35).map(|number| posted(number, number))).await;
    let narrow = |now, lease| Claim { per_endpoint_max: 3, ..claim(now, lease, 20) };
    let mut in_flight = room.claim(narrow(at(0), 1)).await.unwrap();
    assert_eq!(numbers(&in_flight), [0, 1, 2, 30, 31, 32, 33, 34]);
    let mut delivered = vec![];
    for round in 2..20 {
        assert_eq!(room.claim(narrow(at(0), round << 32)).await.unwrap(), [], "there is no room");
        let ends = in_flight.remove(0);
        room.end(&ends, at(0), Outcome::Delivered).await;
        delivered.push(ends);
        in_flight.retain(|one| one.endpoint_id == Some(endpoint(1)));
        let next = room.claim(narrow(at(0), round)).await.unwrap();
        assert_eq!(next.len(), 1, "one has gone");
        in_flight.extend(next);
    }
    // Held and released, they are where they were.
    assert_eq!(room.hold(endpoint(1), at(0)).await.unwrap(), 9);
    assert_eq!(room.release(endpoint(1), at(0)).await.unwrap(), 9);
    // What others have let go is claimed again, with room or without.
    let mut now = at(0);
    for round in 100..120 {
        now = now.saturating_add(LEASE).unwrap();
        for one in room.claim(narrow(now, round)).await.unwrap() {
            room.end(&one, now, Outcome::Delivered).await;
            delivered.push(one);
        }
    }
    let delivered = numbers(&delivered).len();
    assert_eq!(delivered, 35, "all but what was dropped in flight elsewhere, which is here again");
}

async fn what_is_claimed_says_all_that_is_told(room: Room) {
    let mut told = posted(1, 1);
    told.client_id = Some(domain::ClientId::from_parts(1, 1));
    room.tell([told.clone()]).await;
    let claimed = room.claim_one(at(3), 0xfeed).await;
    assert_eq!(
        claimed,
        Claimed {
            delivery_id: delivery_id(1),
            lease: Lease::from_random(0xfeed),
            leased_until: at(63),
            attempt_no: 1,
            failures: 0,
            due_at: at(0),
            endpoint_id: Some(endpoint(1)),
            address: None,
            message_id: told.message_id,
            kind: told.kind,
            message_type: told.message_type,
            subject: told.subject,
            sequence: 7,
            position: told.position,
            environment: told.environment,
            team: told.team,
            client_id: told.client_id,
            body: told.body,
            created_at: at(0),
        }
    );
}

async fn what_was_not_tried_is_given_back(room: Room) {
    room.tell([posted(1, 1)]).await;
    let claimed = room.claim_one(at(0), 1).await;
    let other = Lease::from_random(2);
    assert!(!room.give_back(claimed.delivery_id, other, Unsent::Pending, at(1)).await.unwrap());
    assert!(room.give_back(claimed.delivery_id, claimed.lease, Unsent::Pending, at(1)).await.unwrap());
    let again = room.claim_one(at(1), 3).await;
    assert_eq!(again.attempt_no, 1);
    assert!(room.give_back(again.delivery_id, again.lease, Unsent::Held, at(2)).await.unwrap());
    assert_eq!(room.state(1).await, DeliveryState::Held);
    room.release(endpoint(1), at(3)).await.unwrap();
    let last = room.claim_one(at(3), 4).await;
    assert!(room.give_back(last.delivery_id, last.lease, Unsent::Cancelled, at(4)).await.unwrap());
    assert_eq!(room.state(1).await, DeliveryState::Cancelled);
    assert_eq!(room.attempts(delivery_id(1)).await.unwrap(), []);
}

async fn this_process_is_woken_by_what_it_made_due(room: Room) {
    let mut news = room.watch();
    room.tell([posted(1, 1)]).await;
    assert!(news.has_changed().unwrap());
    news.mark_unchanged();
    room.tell([posted(1, 1)]).await;
    assert!(!news.has_changed().unwrap(), "nothing was new");
    let claimed = room.claim_one(at(0), 1).await;
    room.end(&claimed, at(0), Outcome::Dead).await;
    room.resend(delivery_id(1), at(1)).await.unwrap();
    assert!(news.has_changed().unwrap());
}

async fn two_who_claim_at_once_never_get_the_same(room: Room) {
    room.tell((0..600).map(|number| posted(number, number))).await;
    let outboxes = match &room.place {
        Place::File(_) => vec![room.outbox.clone(), room.outbox.clone()],
        Place::Server(_) => vec![room.again().await, room.again().await],
    };
    let claims = (0..8).map(async |worker: u128| {
        let outbox = &outboxes[usize::try_from(worker % 2).unwrap()];
        let mut all = vec![];
        for round in 0.. {
            let claimed = outbox.claim(claim(at(0), worker << 64 | round, 20)).await.unwrap();
            if claimed.is_empty() {
                break;
            }
            all.extend(claimed);
        }
        all
    });
    let claimed: Vec<Claimed> = join_all(claims).await.into_iter().flatten().collect();
    let different: BTreeSet<_> = claimed.iter().map(|one| one.delivery_id).collect();
    assert_eq!((claimed.len(), different.len()), (600, 600));
}

async fn those_who_claim_at_once_keep_to_what_an_endpoint_may_have_in_flight(room: Room) {
    room.tell((0..60).map(|number| posted(number, number % 3))).await;
    let outboxes = match &room.place {
        Place::File(_) => vec![room.outbox.clone(), room.outbox.clone()],
        Place::Server(_) => vec![room.again().await, room.again().await],
    };
    let claims = (1..=12).map(async |lease: u128| {
        let outbox = &outboxes[usize::try_from(lease % 2).unwrap()];
        outbox.claim(Claim { per_endpoint_max: 2, ..claim(at(0), lease, 10) }).await.unwrap()
    });
    let claimed: Vec<Claimed> = join_all(claims).await.into_iter().flatten().collect();
    for number in 0..3 {
        let of = claimed.iter().filter(|one| one.endpoint_id == Some(endpoint(number))).count();
        assert_eq!(of, 2, "endpoint {number}");
    }
}
