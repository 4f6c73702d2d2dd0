//! Usage over the bus: in the order of arrival, whatever is sent twice or lost underneath.

use domain::{
    KeyId, Timestamp,
    usage::{DecisionsLeftOut, Seen, Sighting, UsageBatch},
};
use test_servers::Nats;
use tollgate_eventlog::{
    LogFailure,
    bus::{BusTold, USAGE_STREAM, UsageFeed, UsagePublisher},
    usage::ArrivedBatch,
};

use crate::bus::{AT_MOST, connect, put};
use crate::support::now;

fn batch(node: &str, sequence: u64) -> UsageBatch {
    let (node, boot) = (node.to_owned(), "b.1".to_owned());
    let (facts, shadow, sightings) = (vec![], vec![], vec![]);
    let (quota_levels, decisions, left_out) = (vec![], vec![], DecisionsLeftOut::default());
    UsageBatch {
        node,
        boot,
        sequence,
        flushed_at: now(),
        facts,
        throttled: vec![],
        responses: vec![],
        shadow,
        quota_levels,
        sightings,
        addresses: vec![],
        decisions,
        left_out,
    }
}

async fn next(feed: &mut UsageFeed, after: u64) -> Result<Vec<ArrivedBatch>, LogFailure> {
    tokio::time::timeout(AT_MOST, feed.next(after, 100)).await.unwrap()
}

/// Asks again while the bus is away, as the projection does.
async fn next_of_all(feed: &mut UsageFeed, after: u64, count: usize) -> Vec<ArrivedBatch> {
    let mut arrived: Vec<ArrivedBatch> = vec![];
    test_servers::until("the batches", AT_MOST, async || {
        let from = arrived.last().map_or(after, |last| last.batch_no);
        arrived.extend(feed.next(from, 7).await?);
        Ok((arrived.len() >= count).then_some(()))
    })
    .await
    .unwrap();
    arrived
}

fn names(arrived: &[ArrivedBatch]) -> Vec<(&str, u64)> {
    arrived.iter().map(|arrived| (arrived.batch.node.as_str(), arrived.batch.sequence)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_arrive_in_order_and_a_second_of_the_same_name_does_not() {
    let nats = Nats::start().await.unwrap();
    let bus = connect(&nats).await;
    let (mut feed, gateway) = (UsageFeed::new(bus.clone()), UsagePublisher::new(bus.clone()));
    assert!(
        gateway.publish(&batch("a", 1)).await.is_err(),
        "there is no stream yet, and nobody has the batch"
    );
    feed.provision(0).await.unwrap();
    for sequence in 1..=20 {
        gateway.publish(&batch("a", sequence)).await.unwrap();
        gateway.publish(&batch("a", sequence)).await.unwrap();
        gateway.publish(&batch("gateway 2/ü.*", sequence)).await.unwrap();
    }
    let arrived = next_of_all(&mut feed, 0, 40).await;
    let expected: Vec<_> = (1..=20).flat_map(|at| [("a", at), ("gateway 2/ü.*", at)]).collect();
    assert_eq!(names(&arrived), expected);
    assert_eq!(
        arrived.iter().map(|arrived| arrived.batch_no).collect::<Vec<_>>(),
        (1..=40).collect::<Vec<_>>()
    );
    // From a checkpoint, and from the same once more.
    for _ in 0..2 {
        assert_eq!(next_of_all(&mut feed, 35, 5).await.len(), 5);
    }
    let sighting = Sighting {
        key_id: KeyId::from_parts(1, 1),
        secret_version: 1,
        calls: 1,
        addresses: vec![Seen { value: "198.51.100.7".to_owned(), calls: 1, last_at: now() }],
        user_agents: vec![],
    };
    let late = UsageBatch { sightings: vec![sighting], ..batch("a", 21) };
    let sent = UsagePublisher::new(bus);
    let (arrived, _) = tokio::join!(next(&mut feed, 40), sent.publish(&late));
    assert_eq!(arrived.unwrap()[0].batch, late);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_no_batch_that_it_acknowledged() {
    let mut nats = Nats::start().await.unwrap();
    let bus = connect(&nats).await;
    let (mut feed, gateway) = (UsageFeed::new(bus.clone()), UsagePublisher::new(bus.clone()));
    feed.provision(0).await.unwrap();
    let mut counted: Vec<ArrivedBatch> = vec![];
    for round in 0..3_u64 {
        for sequence in round * 50 + 1..=round * 50 + 50 {
            test_servers::until("the acknowledgement", AT_MOST, async || {
                gateway.publish(&batch("a", sequence)).await?;
                Ok(Some(()))
            })
            .await
            .unwrap();
        }
        nats.kill_9().unwrap();
        nats.start_again().await.unwrap();
        let from = counted.last().map_or(0, |last| last.batch_no);
        counted.extend(next_of_all(&mut feed, from, 50).await);
    }
    assert_eq!(names(&counted), (1..=150).map(|at| ("a", at)).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_go_on_above_the_checkpoint_when_the_stream_is_lost_or_old() {
    let nats = Nats::start().await.unwrap();
    let bus = connect(&nats).await;
    let (mut feed, gateway) = (UsageFeed::new(bus.clone()), UsagePublisher::new(bus.clone()));
    feed.provision(1_000).await.unwrap();
    gateway.publish(&batch("a", 1)).await.unwrap();
    let arrived = next_of_all(&mut feed, 1_000, 1).await;
    assert_eq!((arrived[0].batch_no, arrived[0].batch.sequence), (1_001, 1));
    // As if it had been restored from a copy that ends long before what is counted.
    let mut feed = UsageFeed::new(bus.clone());
    let (arrived, ()) = tokio::join!(next(&mut feed, 5_000), async {
        test_servers::until("the stream to be lifted", AT_MOST, async || {
            let stream = bus.jetstream().get_stream(USAGE_STREAM).await?;
            Ok((stream.cached_info().state.last_sequence == 5_000).then_some(()))
        })
        .await
        .unwrap();
        gateway.publish(&batch("a", 2)).await.unwrap();
    });
    let arrived = arrived.unwrap();
    assert_eq!((arrived[0].batch_no, arrived[0].batch.sequence), (5_001, 2));
    // Deleted altogether.
    bus.jetstream().delete_stream(USAGE_STREAM).await.unwrap();
    drop(next(&mut feed, 5_001).await.unwrap_err());
    feed.provision(5_001).await.unwrap();
    gateway.publish(&batch("a", 3)).await.unwrap();
    assert_eq!(next_of_all(&mut feed, 5_001, 1).await[0].batch_no, 5_002);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rubbish_is_passed_over_and_a_batch_of_a_newer_version_is_waited_for() {
    let nats = Nats::start().await.unwrap();
    let bus = connect(&nats).await;
    let (mut feed, gateway) = (UsageFeed::new(bus.clone()), UsagePublisher::new(bus.clone()));
    feed.provision(0).await.unwrap();
    put(&bus, "tollgate.usage.v1.a", b"rubbish".to_vec()).await;
    gateway.publish(&batch("a", 1)).await.unwrap();
    let mut newer = serde_json::to_value(batch("a", 2)).unwrap();
    newer["invented_later"] = serde_json::json!(true);
    put(&bus, "tollgate.usage.v1.a", serde_json::to_vec(&newer).unwrap()).await;
    let arrived = next_of_all(&mut feed, 0, 1).await;
    assert_eq!((arrived[0].batch_no, arrived[0].batch.sequence, arrived.len()), (2, 1, 1));
    for _ in 0..2 {
        assert!(next(&mut feed, 2).await.is_err());
    }
}

#[expect(clippy::disallowed_methods, reason = "the server stamps messages by its own clock")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_told_can_be_read_again_beside_whoever_counts_it() {
    let nats = Nats::start().await.unwrap();
    let bus = connect(&nats).await;
    let (feed, gateway, told) =
        (UsageFeed::new(bus.clone()), UsagePublisher::new(bus.clone()), BusTold::new(bus.clone()));
    feed.provision(0).await.unwrap();
    assert_eq!(told.whole_since().await.unwrap(), None, "nothing is there");
    let tell = async |sequences: std::ops::RangeInclusive<u64>| {
        for sequence in sequences {
            gateway.publish(&batch("a", sequence)).await.unwrap();
        }
    };
    tell(1..=3).await;
    let meanwhile = Timestamp::now();
    tell(4..=5).await;
    assert_eq!(told.whole_since().await.unwrap(), Some(Timestamp::MIN));
    assert_eq!(told.before(meanwhile).await.unwrap(), 3);
    assert_eq!(told.before(Timestamp::UNIX_EPOCH).await.unwrap(), 0);
    assert_eq!(told.before(Timestamp::now()).await.unwrap(), 5);
    assert_eq!(names(&told.read(0, 2).await.unwrap()), [("a", 1), ("a", 2)]);
    assert_eq!(names(&told.read(3, 10).await.unwrap()), [("a", 4), ("a", 5)]);
    assert_eq!(told.read(5, 10).await.unwrap(), []);
    // The first are too old.
    let stream = bus.jetstream().get_stream(USAGE_STREAM).await.unwrap();
    stream.purge().sequence(4).await.unwrap();
    assert!(told.whole_since().await.unwrap().is_some_and(|since| since >= meanwhile));
    assert_eq!(names(&told.read(0, 10).await.unwrap()), [("a", 4), ("a", 5)]);
}
