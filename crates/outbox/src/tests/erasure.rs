use super::*;

on_every_engine!(an_address_is_marked, what_is_forgotten_is_nowhere);

async fn an_address_is_marked(room: Room) {
    assert_eq!(room.is_marked("ann@example.com").await.unwrap(), None);
    room.mark_address("ann@example.com", "bounced", at(1)).await.unwrap();
    room.mark_address("ann@example.com", "refused", at(2)).await.unwrap();
    let marked = Marked { marked_at: at(2), reason: "refused".to_owned() };
    assert_eq!(room.is_marked("ann@example.com").await.unwrap(), Some(marked));
    room.mark_address("Bob@Example.com", "bounced", at(3)).await.unwrap();
    assert!(room.is_marked("bob@example.COM").await.unwrap().is_some(), "in whatever case");
    let listed = async |after: Option<&str>, max| {
        let rows = room.marked_addresses(after, max).await.unwrap();
        rows.into_iter().map(|row| (row.address, row.marked.reason)).collect::<Vec<_>>()
    };
    let [ann, bob] = [("ann@example.com", "refused"), ("bob@example.com", "bounced")]
        .map(|(address, reason)| (address.to_owned(), reason.to_owned()));
    assert_eq!(listed(None, 10).await, [ann.clone(), bob.clone()]);
    assert_eq!(listed(None, 1).await, [ann]);
    assert_eq!(listed(Some("ann@example.com"), 10).await, [bob]);
    assert!(room.unmark_address("BOB@example.com").await.unwrap());
    assert!(room.unmark_address("ann@example.com").await.unwrap());
    assert!(!room.unmark_address("ann@example.com").await.unwrap());
    assert_eq!(room.is_marked("ann@example.com").await.unwrap(), None);
}

async fn what_is_forgotten_is_nowhere(room: Room) {
    let about_ann = |message: NewMessage| NewMessage {
        body: r#"{"owner":"ann@example.com","kept":"yes"}"#.to_owned(),
        ..message
    };
    let gathered = Start::Gathered { digest_key: "to ann@example.com".to_owned(), due_at: at(9) };
    let waiting = NewMessage { deliveries: vec![mail(4, "ann@example.com", gathered)], ..message(4) };
    room.tell([mailed(1, "Ann@Example.com")]).await;
    let by_mail = |lease| Claim { channel: Channel::Email, ..claim(at(0), lease, 10) };
    let sent = room.claim(by_mail(1)).await.unwrap().remove(0);
    let mut refused = report(&sent, at(1), Outcome::Dead);
    refused.attempt.answer = Some("550 no such user".to_owned());
    room.report(refused).await.unwrap();
    room.tell([
        about_ann(mailed(2, "ann@example.com")),
        about_ann(posted(3, 1)),
        waiting,
        mailed(5, "bob@example.com"),
    ])
    .await;
    let posted = room.claim_one(at(0), 2).await;
    let mut echoed = report(&posted, at(1), Outcome::Delivered);
    echoed.attempt.answer = Some("thanks, ann@example.com".to_owned());
    room.report(echoed).await.unwrap();
    room.mark_address("ann@example.com", "bounced", at(1)).await.unwrap();

    let values = ["ann@example.com".to_owned(), String::new(), " ".to_owned()];
    let forgotten = room.forget_address(&values, at(5)).await.unwrap();
    assert_eq!(forgotten, Forgotten { deliveries: 3, messages: 2 });
    assert_eq!(room.forget_address(&values, at(5)).await.unwrap(), Forgotten::default());
    for (number, state) in [
        (1, DeliveryState::Dead),
        (2, DeliveryState::Cancelled),
        (3, DeliveryState::Delivered),
        (4, DeliveryState::Cancelled),
    ] {
        let row = room.delivery(delivery_id(number)).await.unwrap().unwrap();
        assert_eq!((row.address, row.state), (None, state), "{number}");
        let attempts = room.attempts(delivery_id(number)).await.unwrap();
        assert!(attempts.iter().all(|attempt| attempt.answer.is_none()), "{number}");
    }
    let body = room.message(message_id(2)).await.unwrap().unwrap().body;
    assert_eq!(body, r#"{"kept":"yes","owner":"[erased]"}"#);
    assert_eq!(room.is_marked("ann@example.com").await.unwrap(), None);
    assert_eq!(room.resend(delivery_id(1), at(6)).await.unwrap(), Resent::NobodyThere);
    assert_eq!(numbers(&room.claim(by_mail(3)).await.unwrap()), [5]);
    if let Place::File(dir) = &room.place {
        for file in ["outbox.db", "outbox.db-wal"] {
            let bytes = std::fs::read(dir.path().join(file)).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            assert!(!text.contains("ann@example.com"), "{file}");
        }
    }
}
