use super::*;

on_every_engine!(
    what_is_for_a_held_endpoint_waits_until_it_is_released,
    what_is_in_flight_is_held_when_it_fails,
    a_verification_goes_to_a_held_endpoint,
    what_is_for_a_removed_endpoint_is_cancelled,
    one_that_is_removed_stays_so,
    a_released_endpoint_has_a_clean_record,
    many_are_held_and_released,
    what_is_held_beyond_its_bounds_is_given_up_and_says_so,
);

async fn what_is_for_a_held_endpoint_waits_until_it_is_released(room: Room) {
    room.tell([posted(1, 1), posted(2, 2)]).await;
    assert_eq!(room.hold(endpoint(1), at(0)).await.unwrap(), 1);
    assert_eq!(room.hold(endpoint(1), at(0)).await.unwrap(), 0);
    room.tell([posted(3, 1)]).await;
    assert_eq!(room.state(3).await, DeliveryState::Held);
    assert_eq!(numbers(&room.claim_some(at(0), 1, 10).await), [2]);
    assert_eq!(room.release(endpoint(1), at(50)).await.unwrap(), 2);
    let released = room.claim_some(at(50), 2, 10).await;
    assert_eq!(numbers(&released), [1, 3]);
    assert!(released.iter().all(|one| one.due_at == at(50)));
}

async fn what_is_in_flight_is_held_when_it_fails(room: Room) {
    room.tell([posted(1, 1), posted(2, 1), posted(3, 1)]).await;
    let claimed = room.claim_some(at(0), 1, 10).await;
    assert_eq!(room.hold(endpoint(1), at(1)).await.unwrap(), 0, "all are in flight");
    room.end(&claimed[0], at(2), Outcome::RetryAt(at(5))).await;
    room.end(&claimed[1], at(2), Outcome::Delivered).await;
    assert_eq!(room.state(1).await, DeliveryState::Held);
    assert_eq!(room.state(2).await, DeliveryState::Delivered);
    assert_eq!(room.hold(endpoint(1), at(60)).await.unwrap(), 1, "whose lease has ended is nobody's");
    assert_eq!(room.end(&claimed[2], at(61), Outcome::Delivered).await, Reported::Late);
}

async fn a_verification_goes_to_a_held_endpoint(room: Room) {
    let of_kind = |number, kind| NewMessage { kind, ..posted(number, 1) };
    room.hold(endpoint(1), at(0)).await.unwrap();
    room.tell([of_kind(1, MessageKind::Verify), of_kind(2, MessageKind::Test), posted(3, 1)]).await;
    room.hold(endpoint(1), at(0)).await.unwrap();
    let claimed = room.claim_some(at(0), 1, 10).await;
    assert_eq!(numbers(&claimed), [1, 2]);
    room.end(&claimed[0], at(1), Outcome::RetryAt(at(5))).await;
    assert_eq!(room.state(1).await, DeliveryState::Pending);
}

async fn what_is_for_a_removed_endpoint_is_cancelled(room: Room) {
    room.tell([posted(1, 1)]).await;
    let in_flight = room.claim_one(at(0), 1).await;
    room.tell([posted(2, 1), posted(3, 2)]).await;
    assert_eq!(room.remove_endpoint(endpoint(1), at(1)).await.unwrap(), 2);
    assert_eq!(room.remove_endpoint(endpoint(1), at(1)).await.unwrap(), 0);
    room.tell([posted(4, 1), NewMessage { kind: MessageKind::Test, ..posted(5, 1) }]).await;
    for cancelled in [2, 4, 5] {
        assert_eq!(room.state(cancelled).await, DeliveryState::Cancelled, "{cancelled}");
    }
    assert!(matches!(
        room.end(&in_flight, at(2), Outcome::RetryAt(at(5))).await,
        Reported::Done { state: DeliveryState::Cancelled, .. }
    ));
    assert_eq!(room.resend(delivery_id(2), at(3)).await.unwrap(), Resent::NobodyThere);
    assert_eq!(numbers(&room.claim_some(at(1_000), 2, 10).await), [3]);
}

async fn one_that_is_removed_stays_so(room: Room) {
    room.tell([posted(1, 1)]).await;
    let in_flight = room.claim_one(at(0), 1).await;
    room.remove_endpoint(endpoint(1), at(1)).await.unwrap();
    // Whoever knew it only as disabled comes late.
    assert_eq!(room.hold(endpoint(1), at(2)).await.unwrap(), 0);
    room.end(&in_flight, at(3), Outcome::Held).await;
    assert_eq!(room.release(endpoint(1), at(4)).await.unwrap(), 0);
    assert_eq!(room.endpoint(endpoint(1)).await.unwrap().unwrap().state, EndpointState::Removed);
    room.tell([posted(2, 1)]).await;
    for cancelled in [1, 2] {
        assert_eq!(room.state(cancelled).await, DeliveryState::Cancelled, "{cancelled}");
    }
}

async fn a_released_endpoint_has_a_clean_record(room: Room) {
    room.tell([posted(1, 1)]).await;
    let first = room.claim_one(at(0), 1).await;
    room.end(&first, at(1), Outcome::RetryAt(at(5))).await;
    room.hold(endpoint(1), at(2)).await.unwrap();
    let held = room.endpoint(endpoint(1)).await.unwrap().unwrap();
    assert_eq!((held.state, held.consecutive_failures), (EndpointState::Held, 1));
    room.release(endpoint(1), at(3)).await.unwrap();
    let open = room.endpoint(endpoint(1)).await.unwrap().unwrap();
    assert_eq!((open.state, open.consecutive_failures, open.failing_since), (EndpointState::Open, 0, None));
    let again = room.claim_one(at(3), 2).await;
    assert_eq!((again.attempt_no, again.failures), (2, 0), "the schedule begins anew");
}

async fn many_are_held_and_released(room: Room) {
    room.tell((0..11_000).map(|number| posted(number, 1))).await;
    assert_eq!(room.hold(endpoint(1), at(0)).await.unwrap(), 11_000);
    assert_eq!(room.release(endpoint(1), at(0)).await.unwrap(), 11_000);
    assert_eq!(room.remove_endpoint(endpoint(1), at(0)).await.unwrap(), 11_000);
}

async fn what_is_held_beyond_its_bounds_is_given_up_and_says_so(room: Room) {
    room.hold(endpoint(1), at(0)).await.unwrap();
    room.tell([posted(1, 1), posted(2, 1), posted(3, 1), posted(4, 2)]).await;
    let bounds = |made_before, per_endpoint_max| HeldBounds { made_before, per_endpoint_max };
    let given_up = async |bounds, max| room.give_up_held(bounds, max, at(50)).await.unwrap();
    assert_eq!(given_up(bounds(at(0), 3), 10).await, GivenUp::default(), "within its bounds");
    assert_eq!(given_up(bounds(at(0), 2), 10).await, GivenUp { too_old: 0, too_many: 1 });
    let said = room.attempts(delivery_id(1)).await.unwrap();
    let said: Vec<_> = said.iter().map(|one| (one.outcome, one.at, one.error.as_deref())).collect();
    assert_eq!(said, [(AttemptOutcome::Dead, at(50), Some("held_too_many"))]);
    assert_eq!(
        room.delivery(delivery_id(1)).await.unwrap().unwrap().last_error.as_deref(),
        Some("held_too_many")
    );
    let later = bounds(at(40), 10);
    assert_eq!(given_up(later, 1).await, GivenUp { too_old: 1, too_many: 0 });
    assert_eq!(given_up(later, 10).await, GivenUp { too_old: 1, too_many: 0 });
    assert_eq!(given_up(later, 10).await, GivenUp::default());
    let states = [room.state(1).await, room.state(2).await, room.state(3).await, room.state(4).await];
    let dead = DeliveryState::Dead;
    assert_eq!(states, [dead, dead, dead, DeliveryState::Pending], "what is not held goes on");
    // Whoever opens it again may have it sent again.
    room.release(endpoint(1), at(60)).await.unwrap();
    assert_eq!(room.resend(delivery_id(1), at(60)).await.unwrap(), Resent::Yes);
    assert_eq!(room.state(1).await, DeliveryState::Pending);
}
