use super::*;

on_every_engine!(
    deliveries_are_listed_page_by_page_the_newest_first,
    deliveries_are_found_by_what_they_are,
    what_is_over_is_dropped_after_a_time,
);

fn ids(rows: &[DeliveryRow]) -> Vec<DeliveryId> {
    rows.iter().map(|row| row.delivery_id).collect()
}

async fn deliveries_are_listed_page_by_page_the_newest_first(room: Room) {
    room.tell((1..=5).map(|number| posted(number, 1))).await;
    let (mut seen, mut page) = (vec![], Page::first(2));
    loop {
        let rows = room.deliveries(&DeliveryFilter::default(), page).await.unwrap();
        let Some(last) = rows.last() else { break };
        let written = last.entry.to_string();
        page.after = Some(written.parse().unwrap());
        seen.extend(ids(&rows));
        // What comes meanwhile does not shift the pages.
        room.tell([posted(u128::try_from(seen.len()).unwrap() + 100, 1)]).await;
    }
    assert_eq!(seen, [5, 4, 3, 2, 1].map(delivery_id));
}

async fn deliveries_are_found_by_what_they_are(room: Room) {
    let client = domain::ClientId::from_parts(1, 1);
    let mut of_client = posted(1, 1);
    of_client.client_id = Some(client);
    let mut elsewhere = posted(2, 2);
    elsewhere.environment = Some("staging".parse().unwrap());
    elsewhere.team = Some("Billing".parse().unwrap());
    room.tell([of_client, elsewhere, mailed(3, "ann@example.com"), notice(4, "w", 80)]).await;
    let later = Handover { at: at(60), ..by_time([NewMessage { kind: MessageKind::Test, ..posted(5, 1) }]) };
    room.commit(later).await.unwrap();
    for claimed in room.claim_some(at(0), 1, 1).await {
        room.end(&claimed, at(1), Outcome::Dead).await;
    }
    let all = DeliveryFilter::default;
    for (filter, expected) in [
        (DeliveryFilter { endpoint_id: Some(endpoint(1)), ..all() }, vec![5, 1]),
        (DeliveryFilter { channel: Some(Channel::Email), ..all() }, vec![4, 3]),
        (DeliveryFilter { states: vec![DeliveryState::Dead], ..all() }, vec![1]),
        (
            DeliveryFilter { states: vec![DeliveryState::Dead, DeliveryState::Pending], ..all() },
            vec![5, 4, 3, 2, 1],
        ),
        (DeliveryFilter { kinds: vec![MessageKind::Test], ..all() }, vec![5]),
        (DeliveryFilter { types: vec!["quota.threshold".to_owned()], ..all() }, vec![4]),
        (DeliveryFilter { client_id: Some(client), ..all() }, vec![1]),
        (DeliveryFilter { positions: [2, 4, 9].map(Position::new).into(), ..all() }, vec![4, 2]),
        (DeliveryFilter { team: Some("Billing".parse().unwrap()), ..all() }, vec![2]),
        (DeliveryFilter { environments: vec!["staging".parse().unwrap()], ..all() }, vec![2]),
        (DeliveryFilter { message_id: Some(message_id(3)), ..all() }, vec![3]),
        (DeliveryFilter { from: Some(at(1)), ..all() }, vec![5]),
        (DeliveryFilter { until: Some(at(1)), states: vec![DeliveryState::Pending], ..all() }, vec![4, 3, 2]),
    ] {
        let rows = room.deliveries(&filter, Page::first(10)).await.unwrap();
        assert_eq!(ids(&rows), expected.into_iter().map(delivery_id).collect::<Vec<_>>(), "{filter:?}");
    }
}

async fn what_is_over_is_dropped_after_a_time(room: Room) {
    let mut twice = posted(1, 1);
    twice.deliveries.push(NewDelivery { delivery_id: delivery_id(11), ..twice.deliveries[0].clone() });
    room.tell([twice, posted(2, 1), message(3), notice(4, "w", 80)]).await;
    let claimed = room.claim_some(at(0), 1, 10).await;
    for one in claimed.iter().filter(|one| one.delivery_id != delivery_id(2)) {
        room.end(one, at(if one.delivery_id == delivery_id(1) { 10 } else { 20 }), Outcome::Delivered).await;
    }
    let pruned = |deliveries, messages| Pruned { deliveries, messages };
    assert_eq!(room.prune(at(0), 10).await.unwrap(), pruned(0, 0), "nothing is older");
    assert_eq!(room.prune(at(15), 10).await.unwrap(), pruned(1, 1), "and the message to nobody");
    assert_eq!(room.attempts(delivery_id(1)).await.unwrap(), []);
    assert!(room.message(message_id(1)).await.unwrap().is_some(), "the other delivery is of it");
    assert_eq!(room.prune(at(25), 10).await.unwrap(), pruned(1, 1));
    assert_eq!(room.prune(at(1_000), 10).await.unwrap(), pruned(0, 0), "what has not ended stays");
    assert_eq!(room.tell([notice(5, "w", 80)]).await, []);
    assert_eq!(room.prune_marks(at(0), 10).await.unwrap(), 0);
    assert_eq!(room.prune_marks(at(1), 10).await.unwrap(), 1);
    assert_eq!(room.tell([notice(5, "w", 80)]).await, [message_id(5)]);
}
