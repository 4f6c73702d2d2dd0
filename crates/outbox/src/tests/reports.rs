use futures::{StreamExt as _, stream::FuturesUnordered};

use super::*;

on_every_engine!(
    a_delivery_goes_as_it_is_reported,
    an_endpoint_fails_since_its_first_failure,
    a_test_neither_disables_nor_heals,
    what_cannot_be_sent_is_given_up_and_is_not_its_endpoints_fault,
    an_answer_is_cut_to_what_is_kept,
    what_nobody_holds_cannot_be_reported,
    how_much_waits_is_counted,
    many_report_at_once,
);

fn state_of(reported: &Reported) -> DeliveryState {
    match reported {
        Reported::Done { state, .. } => *state,
        Reported::Late => panic!("late"),
    }
}

async fn a_delivery_goes_as_it_is_reported(room: Room) {
    room.tell([posted(1, 1)]).await;
    let first = room.claim_one(at(0), 1).await;
    let reported = room.end(&first, at(1), Outcome::RetryAt(at(6))).await;
    assert_eq!(state_of(&reported), DeliveryState::Pending);
    assert_eq!(room.claim_some(at(5), 2, 10).await, []);
    let second = room.claim_one(at(6), 3).await;
    assert_eq!((second.attempt_no, second.failures), (2, 1));
    assert_eq!(state_of(&room.end(&second, at(7), Outcome::Dead).await), DeliveryState::Dead);
    let row = room.delivery(delivery_id(1)).await.unwrap().unwrap();
    assert_eq!((row.attempts, row.failures, row.ended_at), (2, 2, Some(at(7))));
    assert_eq!((row.last_status, row.last_error.as_deref()), (Some(503), Some("status")));
    let attempts = room.attempts(delivery_id(1)).await.unwrap();
    let outcomes: Vec<_> = attempts.iter().map(|one| (one.outcome, one.at)).collect();
    assert_eq!(outcomes, [(AttemptOutcome::Retry, at(1)), (AttemptOutcome::Dead, at(7))]);
    assert_eq!(attempts[0].answer.as_deref(), Some("try later"));
    assert_eq!((attempts[0].status, attempts[0].latency_ms), (Some(503), Some(12)));

    room.tell([posted(2, 2)]).await;
    let gone = room.claim_one(at(8), 4).await;
    assert_eq!(state_of(&room.end(&gone, at(9), Outcome::Held).await), DeliveryState::Held);
    room.tell([mailed(3, "ann@example.com")]).await;
    let by_mail = Claim { channel: Channel::Email, ..claim(at(9), 5, 10) };
    let sent = room.claim(by_mail).await.unwrap().remove(0);
    assert_eq!(sent.address.as_deref(), Some("ann@example.com"));
    let reported = room.end(&sent, at(10), Outcome::Delivered).await;
    assert_eq!(reported, Reported::Done { state: DeliveryState::Delivered, health: None });
}

async fn an_endpoint_fails_since_its_first_failure(room: Room) {
    room.tell((0..4).map(|number| posted(number, 1))).await;
    let claimed = room.claim_some(at(0), 1, 10).await;
    let mut healths = vec![];
    for (second, (one, outcome)) in (1..).zip(claimed.iter().zip([
        Outcome::RetryAt(at(100)),
        Outcome::Dead,
        Outcome::Delivered,
        Outcome::RetryAt(at(100)),
    ])) {
        match room.end(one, at(second), outcome).await {
            Reported::Done { health: Some(health), .. } => {
                assert_eq!(health.endpoint_id, endpoint(1));
                healths.push((health.consecutive_failures, health.failing_since, health.last_success_at));
            }
            Reported::Done { health: None, .. } | Reported::Late => panic!("it was not counted"),
        }
    }
    let expected = [
        (1, Some(at(1)), None),
        (2, Some(at(1)), None),
        (0, None, Some(at(3))),
        (1, Some(at(4)), Some(at(3))),
    ];
    assert_eq!(healths, expected);
    let failing = room.failing_endpoints(10).await.unwrap();
    assert_eq!(failing.len(), 1);
    assert_eq!(room.endpoint(endpoint(1)).await.unwrap().as_ref(), failing.first());
}

async fn a_test_neither_disables_nor_heals(room: Room) {
    let of_kind = |number, kind| NewMessage { kind, ..posted(number, 1) };
    room.tell([posted(1, 1)]).await;
    let event = room.claim_one(at(0), 1).await;
    room.end(&event, at(1), Outcome::Dead).await;
    let before = room.endpoint(endpoint(1)).await.unwrap();
    room.tell([of_kind(2, MessageKind::Test), of_kind(3, MessageKind::Verify)]).await;
    let claimed = room.claim_some(at(1), 2, 10).await;
    for (one, outcome) in claimed.iter().zip([Outcome::Delivered, Outcome::Dead]) {
        assert!(matches!(room.end(one, at(2), outcome).await, Reported::Done { health: None, .. }));
    }
    assert_eq!(room.endpoint(endpoint(1)).await.unwrap(), before);
}

async fn what_cannot_be_sent_is_given_up_and_is_not_its_endpoints_fault(room: Room) {
    room.tell([posted(1, 1), posted(2, 1), posted(3, 2)]).await;
    let claimed = room.claim_some(at(0), 1, 10).await;
    room.end(&claimed[0], at(1), Outcome::RetryAt(at(100))).await;
    let before = room.endpoint(endpoint(1)).await.unwrap();
    for unsendable in &claimed[1..] {
        assert_eq!(state_of(&room.end(unsendable, at(2), Outcome::Unsendable).await), DeliveryState::Dead);
    }
    assert_eq!(room.endpoint(endpoint(1)).await.unwrap(), before);
    assert_eq!(room.endpoint(endpoint(2)).await.unwrap(), None);
    let attempts = room.attempts(delivery_id(2)).await.unwrap();
    assert_eq!(attempts.iter().map(|one| one.outcome).collect::<Vec<_>>(), [AttemptOutcome::Dead]);
}

async fn an_answer_is_cut_to_what_is_kept(room: Room) {
    room.tell([posted(1, 1)]).await;
    let claimed = room.claim_one(at(0), 1).await;
    let mut long = report(&claimed, at(1), Outcome::Dead);
    long.attempt.answer = Some(format!("\0{}", "ä".repeat(2_000)));
    room.report(long).await.unwrap();
    let kept = room.attempts(delivery_id(1)).await.unwrap().remove(0).answer.unwrap();
    assert_eq!(kept, format!("\u{fffd}{}", "ä".repeat(511)));
}

async fn what_nobody_holds_cannot_be_reported(room: Room) {
    room.tell([posted(1, 1)]).await;
    let mut claimed = room.claim_one(at(0), 1).await;
    claimed.lease = Lease::from_random(2);
    assert_eq!(room.end(&claimed, at(1), Outcome::Delivered).await, Reported::Late);
    assert_eq!(room.state(1).await, DeliveryState::Pending);
    claimed.delivery_id = delivery_id(99);
    assert_eq!(room.end(&claimed, at(1), Outcome::Delivered).await, Reported::Late);
    assert_eq!(room.attempts(delivery_id(99)).await.unwrap(), [], "there is none to keep it for");
}

async fn how_much_waits_is_counted(room: Room) {
    assert_eq!(room.backlog().await.unwrap(), Backlog::default());
    room.tell([posted(1, 1)]).await;
    let one = room.claim_one(at(5), 1).await;
    room.end(&one, at(5), Outcome::Delivered).await;
    let mut later = posted(3, 1);
    later.deliveries[0].start = Start::Due(at(3));
    room.tell([later]).await;
    let dead = room.claim_one(at(5), 2).await;
    room.end(&dead, at(5), Outcome::Dead).await;
    let mut later = posted(4, 1);
    later.deliveries[0].start = Start::Due(at(4));
    room.tell([later, posted(2, 1), mailed(5, "ann@example.com")]).await;
    let backlog = room.backlog().await.unwrap();
    let count = |channel, state| backlog.deliveries(channel, state);
    assert_eq!(count(Channel::Webhook, DeliveryState::Pending), 2);
    assert_eq!(count(Channel::Webhook, DeliveryState::Dead), 1);
    assert_eq!(count(Channel::Webhook, DeliveryState::Delivered), 0, "they are not counted");
    assert_eq!(count(Channel::Email, DeliveryState::Pending), 1);
    assert_eq!(backlog.oldest_due_at(Channel::Webhook), Some(at(0)));
    assert_eq!(backlog.oldest_due_at(Channel::Email), Some(at(0)));
}

async fn many_report_at_once(room: Room) {
    room.tell((0..100).map(|number| posted(number, number % 3))).await;
    let claimed = room.claim_some(at(0), 1, 100).await;
    // Each twice, and some of those who report are dropped before they hear of it.
    let (first, second) = (claimed.iter(), claimed.iter());
    let reports = first.chain(second).map(|one| room.end(one, at(1), Outcome::Delivered));
    let mut reports: FuturesUnordered<_> = reports.collect();
    let (mut done, mut late) = (0, 0);
    while let Some(reported) = reports.next().await {
        match reported {
            Reported::Done { state, .. } => {
                assert_eq!(state, DeliveryState::Delivered);
                done += 1;
            }
            Reported::Late => late += 1,
        }
        if done + late == 150 {
            break;
        }
    }
    drop(reports);
    for one in &claimed {
        room.end(one, at(2), Outcome::Delivered).await;
    }
    assert!(done <= 100 && late <= 100, "{done} {late}");
    let delivered = DeliveryFilter { states: vec![DeliveryState::Delivered], ..DeliveryFilter::default() };
    assert_eq!(room.deliveries(&delivered, Page::first(200)).await.unwrap().len(), 100);
    for number in 0..100 {
        assert_eq!(room.attempts(delivery_id(number)).await.unwrap().len(), 1);
    }
}
