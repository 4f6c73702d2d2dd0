//! Three servers with three copies, and the accounts of the example in `deploy/nats`.

use std::sync::Arc;

use test_servers::{Nats, until};
use tollgate_eventlog::bus::{Bus, BusFeed, BusSettings, EVENTS_STREAM, UsageFeed, UsagePublisher};

use crate::bus::{AT_MOST, Running, append, durable, is_the_log_from, log_with, settings};

/// Which of them leads the stream.
async fn leader(bus: &Bus) -> usize {
    let leader = until("a leader", AT_MOST, async || {
        let stream = bus.jetstream().get_stream(EVENTS_STREAM).await?;
        Ok(stream.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone()))
    });
    leader.await.unwrap().trim_start_matches('n').parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_loses_its_leaders_ends_with_every_event_once() {
    let (mut servers, dir) = (Nats::three().await.unwrap(), tempfile::tempdir().unwrap());
    let of_three =
        BusSettings { urls: servers.iter().map(Nats::url).collect(), replicas: 3, ..settings(&servers[0]) };
    let (bus, log) = (Bus::connect(of_three).await.unwrap(), log_with(dir.path(), 500).await);
    let mut publisher = Running::start(&log, &bus);
    publisher.reaches(500).await;
    let mut feed = durable(&bus, &log);
    for _ in 0..2 {
        let first = log.head();
        let killing = async {
            publisher.reaches(first.get() + 200).await;
            let leader = leader(&bus).await;
            servers[leader].kill_9().unwrap();
            leader
        };
        let (leader, ()) = tokio::join!(killing, append(&log, 1_000));
        // Two of three are enough.
        publisher.reaches(first.get() + 1_000).await;
        let mut applied = first;
        while applied < log.head() {
            let events = tokio::time::timeout(AT_MOST, feed.next(applied, 500)).await.unwrap().unwrap();
            assert_eq!(events[0].position, applied.next());
            applied = events[events.len() - 1].position;
        }
        servers[leader].start_again().await.unwrap();
    }
    is_the_log_from(&bus, &log, 1).await;
    publisher.stop().await;
}

#[test]
fn the_example_of_a_cluster_is_one_that_the_server_takes() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nats/nats.conf");
    let store = tempfile::tempdir().unwrap();
    let mut check = std::process::Command::new(test_servers::tool("TOLLGATE_TEST_NATS").unwrap());
    check.arg("-t").arg("-c").arg(file).env("NATS_NAME", "n1").env("NATS_STORE", store.path());
    for user in ["SYS", "PUBLISHER", "FOLLOWER", "GATEWAY"] {
        check.env(format!("NATS_{user}_PASSWORD"), "a-password");
    }
    let checked = check.output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

/// One server with the accounts that we recommend; each password is its user's name.
async fn with_accounts() -> Nats {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nats/nats.conf");
    let text = std::fs::read_to_string(file).unwrap();
    let mut accounts = text.split_once("\naccounts {").unwrap().1.to_owned();
    for user in ["sys", "publisher", "follower", "gateway"] {
        accounts = accounts.replace(&format!("$NATS_{}_PASSWORD", user.to_uppercase()), user);
    }
    Nats::start_with(&format!("accounts {{{accounts}")).await.unwrap()
}

async fn connect_as(nats: &Nats, user: &str) -> Bus {
    let url = nats.url().replace("nats://", &format!("nats://{user}:{user}@"));
    Bus::connect(BusSettings { urls: vec![url], ..settings(nats) }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_can_do_its_work_and_only_the_publisher_can_publish_events() {
    let (nats, dir) = (with_accounts().await, tempfile::tempdir().unwrap());
    let log = log_with(dir.path(), 5).await;
    let publisher_bus = connect_as(&nats, "publisher").await;
    let mut publisher = Running::start(&log, &publisher_bus);
    publisher.reaches(5).await;

    let (follower, gateway) = (connect_as(&nats, "follower").await, connect_as(&nats, "gateway").await);
    for mut feed in [
        durable(&follower, &log),
        BusFeed::ordered(follower.clone(), Arc::new(log.clone())),
        BusFeed::ordered(gateway.clone(), Arc::new(log.clone())),
    ] {
        let head = log.head();
        let idle = std::time::Duration::from_millis(500);
        while !feed.next_within(domain::Position::START, 1, idle).await.unwrap().is_empty() {
            if feed.next_within(head, 1, idle).await.unwrap().is_empty() {
                break;
            }
        }
        let (heard, ()) = tokio::join!(feed.next(head, 10), append(&log, 1));
        assert_eq!(heard.unwrap()[0].position, head.next());
        let stream = publisher_bus.jetstream().get_stream(EVENTS_STREAM).await.unwrap();
        assert!(stream.cached_info().state.consumer_count > 0, "it has followed by the bus");
    }

    let mut usage = UsageFeed::new(follower.clone());
    until("the stream of usage", AT_MOST, async || Ok(Some(usage.provision(0).await?))).await.unwrap();
    let batch = domain::usage::UsageBatch {
        node: "n".to_owned(),
        boot: "b".to_owned(),
        sequence: 1,
        flushed_at: crate::support::now(),
        facts: vec![],
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![],
        left_out: domain::usage::DecisionsLeftOut::default(),
    };
    UsagePublisher::new(gateway.clone()).publish(&batch).await.unwrap();
    assert_eq!(usage.next(0, 10).await.unwrap()[0].batch, batch);

    let head = log.head().get();
    for bus in [&follower, &gateway] {
        let sent = bus.jetstream().publish("tollgate.events.v1.api_client.x.registered", "{}".into()).await;
        assert!(sent.unwrap().await.is_err(), "{bus:?} published an event");
        assert!(bus.jetstream().delete_stream(EVENTS_STREAM).await.is_err());
    }
    publisher.reaches(head).await;
    is_the_log_from(&publisher_bus, &log, 1).await;
    publisher.stop().await;
}
