use super::*;

on_every_engine!(
    what_was_gathered_becomes_one_message_once,
    what_is_told_in_a_digest_ends_with_it,
    a_digest_that_has_changed_is_not_made,
);

fn gathered(number: u128, to: &str, key: &str, due: i64) -> NewMessage {
    let start = Start::Gathered { digest_key: key.to_owned(), due_at: at(due) };
    NewMessage { deliveries: vec![mail(number, to, start)], ..message(number) }
}

fn digest_message(number: u128) -> NewMessage {
    NewMessage { kind: MessageKind::Digest, sequence: None, ..mailed(number, "ann@example.com") }
}

async fn what_was_gathered_becomes_one_message_once(room: Room) {
    room.tell([
        gathered(1, "ann@example.com", "morning", 10),
        gathered(2, "ann@example.com", "morning", 10),
        gathered(3, "ann@example.com", "weekly", 10),
        gathered(4, "bob@example.com", "morning", 11),
    ])
    .await;
    assert!(room.due_digests(at(9), 10, 10).await.unwrap().is_empty());
    let due = room.due_digests(at(10), 10, 1).await.unwrap();
    let seen: Vec<_> =
        due.iter().map(|one| (one.digest_key.as_str(), one.deliveries, one.members.len())).collect();
    assert_eq!(seen, [("morning", 2, 1), ("weekly", 1, 1)]);
    assert_eq!(due[0].members[0].delivery_id, delivery_id(1));
    assert_eq!(due[0].members[0].body, r#"{"number":1}"#);
    assert_eq!(room.take_digest(&due[0], digest_message(50), at(10)).await.unwrap(), Taken::Yes);
    assert_eq!(room.take_digest(&due[0], digest_message(51), at(10)).await.unwrap(), Taken::Changed);
    assert_eq!(room.take_digest(&due[1], digest_message(50), at(10)).await.unwrap(), Taken::IdTaken);
    let left = room.due_digests(at(11), 10, 10).await.unwrap();
    assert_eq!(left.iter().map(|one| one.digest_key.as_str()).collect::<Vec<_>>(), ["weekly", "morning"]);
    let by_mail = Claim { channel: Channel::Email, ..claim(at(10), 1, 10) };
    assert_eq!(numbers(&room.claim(by_mail).await.unwrap()), [50]);
}

async fn what_is_told_in_a_digest_ends_with_it(room: Room) {
    room.tell([gathered(1, "ann@example.com", "morning", 0), gathered(2, "ann@example.com", "morning", 0)])
        .await;
    let due = room.due_digests(at(0), 10, 10).await.unwrap();
    room.take_digest(&due[0], digest_message(50), at(0)).await.unwrap();
    assert_eq!(room.state(1).await, DeliveryState::Gathered);
    let by_mail = |lease| Claim { channel: Channel::Email, ..claim(at(0), lease, 10) };
    let sent = room.claim(by_mail(1)).await.unwrap().remove(0);
    room.end(&sent, at(1), Outcome::Dead).await;
    assert_eq!(room.state(1).await, DeliveryState::Dead);
    assert_eq!(room.resend(delivery_id(2), at(1)).await.unwrap(), Resent::Yes, "one of them by itself");
    room.resend(delivery_id(50), at(0)).await.unwrap();
    let again = room.claim(by_mail(2)).await.unwrap().remove(0);
    assert_eq!(again.delivery_id, delivery_id(50));
    room.end(&again, at(2), Outcome::Delivered).await;
    assert_eq!(room.state(1).await, DeliveryState::Delivered);
    assert_eq!(room.state(2).await, DeliveryState::Pending);
}

async fn a_digest_that_has_changed_is_not_made(room: Room) {
    room.tell([gathered(1, "ann@example.com", "morning", 0)]).await;
    let due = room.due_digests(at(0), 10, 10).await.unwrap();
    room.tell([gathered(2, "ann@example.com", "morning", 0)]).await;
    assert_eq!(room.take_digest(&due[0], digest_message(50), at(0)).await.unwrap(), Taken::Changed);
    assert_eq!(room.message(message_id(50)).await.unwrap(), None);
    let due = room.due_digests(at(0), 10, 10).await.unwrap();
    assert_eq!(due[0].deliveries, 2, "nothing of it was taken");
}
