use super::*;

on_every_engine!(what_has_ended_is_sent_again, a_replay_goes_by_its_filter_page_by_page);

async fn what_has_ended_is_sent_again(room: Room) {
    assert_eq!(room.resend(delivery_id(1), at(0)).await.unwrap(), Resent::Unknown);
    room.tell([posted(1, 1)]).await;
    assert_eq!(room.resend(delivery_id(1), at(0)).await.unwrap(), Resent::Waiting);
    for (lease, outcome) in [(1, Outcome::Delivered), (2, Outcome::Dead), (3, Outcome::Held)] {
        let claimed = room.claim_one(at(0), lease).await;
        assert_eq!(u128::from(claimed.attempt_no), lease, "the same delivery");
        assert_eq!((claimed.message_id, claimed.failures), (message_id(1), 0));
        room.end(&claimed, at(0), outcome).await;
        assert_eq!(room.resend(delivery_id(1), at(0)).await.unwrap(), Resent::Yes);
    }
    assert_eq!(room.state(1).await, DeliveryState::Pending);
    let row = room.delivery(delivery_id(1)).await.unwrap().unwrap();
    assert_eq!((row.ended_at, row.attempts), (None, 3));
}

async fn a_replay_goes_by_its_filter_page_by_page(room: Room) {
    let typed = |number: u128| NewMessage {
        message_type: if number.is_multiple_of(2) { "even".to_owned() } else { "odd".to_owned() },
        ..posted(number, 1)
    };
    let challenge = NewMessage { kind: MessageKind::Verify, ..posted(11, 1) };
    room.tell((1..=9).map(typed).chain([posted(10, 2), challenge])).await;
    for claimed in room.claim_some(at(0), 1, 11).await {
        let dead = claimed.delivery_id == delivery_id(9);
        room.end(&claimed, at(1), if dead { Outcome::Dead } else { Outcome::Delivered }).await;
    }
    let replay = async |filter: &ReplayFilter, max| {
        let (mut pages, mut after) = (vec![], None);
        loop {
            let page = room.replay(endpoint(1), filter, after, max, at(5)).await.unwrap();
            pages.push(page.deliveries);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let claimed = room.claim_some(at(5), 2, 100).await;
        for one in &claimed {
            room.end(one, at(6), Outcome::Delivered).await;
        }
        (pages, numbers(&claimed))
    };
    let dead = ReplayFilter { states: vec![DeliveryState::Dead], ..ReplayFilter::default() };
    assert_eq!(room.count_replay(endpoint(1), &dead, None).await.unwrap(), 1);
    assert_eq!(replay(&dead, 10).await, (vec![1], vec![9]));
    assert_eq!(replay(&dead, 10).await, (vec![0], vec![]));
    let all = ReplayFilter::default();
    assert_eq!(room.count_replay(endpoint(1), &all, None).await.unwrap(), 9);
    assert_eq!(replay(&all, 4).await, (vec![4, 4, 1], (1..=9).collect()));
    let even = ReplayFilter { types: vec!["even".to_owned()], ..ReplayFilter::default() };
    assert_eq!(replay(&even, 2).await, (vec![2, 2, 0], vec![2, 4, 6, 8]));
    let from = ReplayFilter { position_after: Some(Position::new(7)), ..ReplayFilter::default() };
    assert_eq!(replay(&from, 10).await, (vec![2], vec![8, 9]));
    let early = ReplayFilter { until: Some(at(0)), ..ReplayFilter::default() };
    assert_eq!(replay(&early, 10).await, (vec![0], vec![]));
    let late = ReplayFilter { from: Some(at(0)), until: Some(at(1)), ..even };
    assert_eq!(replay(&late, 10).await, (vec![4], vec![2, 4, 6, 8]));
    room.remove_endpoint(endpoint(1), at(9)).await.unwrap();
    assert_eq!(replay(&all, 10).await, (vec![0], vec![]));
}
