use super::*;

on_every_engine!(
    a_checkpoint_moves_with_what_it_brings,
    who_is_late_is_fenced_and_writes_nothing,
    a_message_is_made_once,
    a_notice_is_told_once_for_a_window_and_a_threshold,
    of_several_thresholds_the_gravest_is_told,
    a_sequence_is_counted_for_each_subject,
    what_waits_under_a_key_is_cancelled,
    many_are_handed_over_at_once,
    any_text_comes_back_as_it_was_written,
);

fn moved(from: Option<u64>, to: u64, messages: Vec<NewMessage>) -> Handover {
    let checkpoint =
        Moved { name: "follower".to_owned(), from: from.map(Position::new), to: Position::new(to) };
    Handover { checkpoint: Some(checkpoint), ..by_time(messages) }
}

async fn a_checkpoint_moves_with_what_it_brings(room: Room) {
    assert_eq!(room.checkpoint("follower").await.unwrap(), None);
    let created = |ids: &[u128]| Committed::Yes { created: ids.iter().copied().map(message_id).collect() };
    assert_eq!(room.commit(moved(None, 4, vec![posted(1, 1)])).await.unwrap(), created(&[1]));
    assert_eq!(room.checkpoint("follower").await.unwrap(), Some(Position::new(4)));
    assert_eq!(room.checkpoint("other").await.unwrap(), None);
    assert_eq!(room.commit(moved(Some(4), 4, vec![posted(2, 1)])).await.unwrap(), created(&[2]));
    assert_eq!(room.commit(moved(Some(4), 9, vec![])).await.unwrap(), created(&[]));
    let outbox = room.again().await;
    assert_eq!(outbox.checkpoint("follower").await.unwrap(), Some(Position::new(9)));
    assert_eq!(outbox.claim(claim(at(0), 1, 10)).await.unwrap().len(), 2);
    outbox.close().await;
}

async fn who_is_late_is_fenced_and_writes_nothing(room: Room) {
    room.commit(moved(None, 4, vec![])).await.unwrap();
    room.commit(moved(Some(4), 5, vec![])).await.unwrap();
    for late in [moved(None, 9, vec![posted(1, 1)]), moved(Some(4), 9, vec![posted(1, 1)])] {
        assert_eq!(room.commit(late).await.unwrap(), Committed::Fenced);
    }
    assert_eq!(room.checkpoint("follower").await.unwrap(), Some(Position::new(5)));
    assert_eq!(room.message(message_id(1)).await.unwrap(), None);
    assert_eq!(room.claim_some(at(0), 1, 10).await, []);
}

async fn a_message_is_made_once(room: Room) {
    assert_eq!(room.tell([posted(1, 1), posted(1, 1), posted(2, 1)]).await, [message_id(1), message_id(2)]);
    let again = NewMessage { body: "{}".to_owned(), ..posted(9, 2) };
    assert_eq!(room.tell([NewMessage { message_id: message_id(1), ..again }]).await, []);
    assert_eq!(room.message(message_id(1)).await.unwrap().unwrap().body, r#"{"number":1}"#);
    assert_eq!(room.delivery(delivery_id(9)).await.unwrap(), None);
    assert_eq!(numbers(&room.claim_some(at(0), 1, 10).await), [1, 2]);
    let uncounted = |number| NewMessage { sequence: None, ..posted(number, 1) };
    assert_eq!(room.tell([uncounted(3), uncounted(3), uncounted(1)]).await, [message_id(3)]);
}

async fn a_notice_is_told_once_for_a_window_and_a_threshold(room: Room) {
    assert_eq!(room.tell([notice(1, "2026-11", 80)]).await, [message_id(1)]);
    assert_eq!(room.tell([notice(2, "2026-11", 80)]).await, [], "another id, the same notice");
    assert_eq!(room.delivery(delivery_id(2)).await.unwrap(), None);
    assert_eq!(room.tell([notice(3, "2026-12", 80)]).await, [message_id(3)], "a window of its own");
    let mut other = notice(4, "2026-11", 80);
    other.notice.as_mut().unwrap().rule_id = rule(2);
    assert_eq!(room.tell([other]).await, [message_id(4)], "another rule");
    let told = room.message(message_id(3)).await.unwrap().unwrap();
    assert_eq!(
        (told.rule_id, told.window.as_deref(), told.threshold),
        (Some(rule(1)), Some("2026-12"), Some(80))
    );
}

async fn of_several_thresholds_the_gravest_is_told(room: Room) {
    let several = [notice(1, "w", 50), notice(2, "w", 90), notice(3, "w", 80), notice(4, "v", 50)];
    assert_eq!(room.tell(several).await, [message_id(2), message_id(4)]);
    assert_eq!(room.tell([notice(5, "w", 80)]).await, [], "graver was told");
    assert_eq!(room.tell([notice(6, "w", 100)]).await, [message_id(6)]);
    let mut covering = notice(7, "u", -14);
    covering.notice.as_mut().unwrap().covers = vec![-60, -30];
    assert_eq!(room.tell([covering]).await, [message_id(7)]);
    assert_eq!(room.tell([notice(8, "u", -30)]).await, []);
    assert_eq!(room.tell([notice(9, "u", -7)]).await, [message_id(9)]);
}

async fn a_sequence_is_counted_for_each_subject(room: Room) {
    let of = |number, subject: &str| NewMessage {
        sequence: None,
        subject: subject.to_owned(),
        ..posted(number, 1)
    };
    room.tell([of(1, "a"), of(2, "b"), of(3, "a")]).await;
    room.tell([of(1, "a"), of(4, "a"), posted(5, 1)]).await;
    let mut sequences = vec![];
    for number in 1..=5 {
        sequences.push(room.message(message_id(number)).await.unwrap().unwrap().sequence);
    }
    assert_eq!(sequences, [1, 1, 2, 3, 7]);
}

async fn what_waits_under_a_key_is_cancelled(room: Room) {
    let cancellable = |number, endpoint, key: &str| {
        let mut message = posted(number, endpoint);
        message.deliveries[0].cancel_key = Some(key.to_owned());
        message
    };
    room.tell([cancellable(1, 1, "expiry of a")]).await;
    let in_flight = room.claim_one(at(0), 1).await;
    room.hold(endpoint(2), at(0)).await.unwrap();
    let mut gathered = mailed(4, "ann@example.com");
    gathered.deliveries[0].start = Start::Gathered { digest_key: "d".to_owned(), due_at: at(9) };
    gathered.deliveries[0].cancel_key = Some("expiry of a".to_owned());
    room.tell([cancellable(2, 1, "expiry of a"), cancellable(3, 1, "expiry of b"), gathered]).await;
    room.tell([cancellable(5, 2, "expiry of a")]).await;
    let cancels = vec![Cancel { cancel_key: "expiry of a".to_owned() }];
    let brought = vec![cancellable(6, 1, "expiry of a")];
    room.commit(Handover { cancels, ..by_time(brought) }).await.unwrap();
    for cancelled in [2, 4, 5] {
        assert_eq!(room.state(cancelled).await, DeliveryState::Cancelled, "{cancelled}");
    }
    assert_eq!(room.state(3).await, DeliveryState::Pending);
    assert_eq!(room.state(6).await, DeliveryState::Pending);
    // What is in flight may arrive, but is not tried again.
    let reported = room.end(&in_flight, at(1), Outcome::RetryAt(at(5))).await;
    assert!(matches!(reported, Reported::Done { state: DeliveryState::Cancelled, .. }), "{reported:?}");
}

async fn many_are_handed_over_at_once(room: Room) {
    let many = (0..3_000).map(|number| posted(number, number % 7));
    assert_eq!(room.tell(many).await.len(), 3_000);
    let listed = room.deliveries(&DeliveryFilter::default(), Page::first(5_000)).await.unwrap();
    let order: Vec<_> = listed.iter().rev().map(|row| row.delivery_id).collect();
    assert_eq!(order, (0..3_000).map(delivery_id).collect::<Vec<_>>(), "in their order");
}

async fn any_text_comes_back_as_it_was_written(room: Room) {
    for (number, text) in
        (1..).zip(["", "NULL", "\\N", "tab\tnewline\n", "'quotes\"", "$1", "Größe 😀", "[1]", "1"])
    {
        let body = serde_json::Value::from(text).to_string();
        let with = |sequence, number| NewMessage {
            body: body.clone(),
            message_type: text.to_owned(),
            subject: text.to_owned(),
            sequence,
            ..mailed(number, text)
        };
        room.tell([with(Some(1), number), with(None, number + 100)]).await;
        for number in [number, number + 100] {
            let message = room.message(message_id(number)).await.unwrap().unwrap();
            assert_eq!(
                (message.body, message.message_type, message.subject),
                (body.clone(), text.to_owned(), text.to_owned())
            );
            let delivery = room.delivery(delivery_id(number)).await.unwrap().unwrap();
            assert_eq!(delivery.address.as_deref(), Some(text));
        }
    }
}
