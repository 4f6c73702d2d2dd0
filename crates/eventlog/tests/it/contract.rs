//! What every engine keeps to. Each rule takes an opened log.

use std::collections::HashMap;

use domain::{
    DomainEvent, ErasureId, Metadata, Position,
    api_client::{ApiClient, ApiClientRefusal},
    erasure::{Erase, Erasure, ErasureCommand, Found, Holder},
    metadata::Circumstances,
};
use futures::future::join_all;
use tollgate_eventlog::{
    EventLog, Execute, ExecuteError, Idempotency, PersonalSearch, Place, Wanted, canonical,
};

use crate::{
    postgres::Instance,
    support::{
        address, client, email, metadata, open, place, position, register, reinstate, rename, suspend,
    },
};

/// One test of each rule on each engine.
macro_rules! on_every_engine {
    ($($rule:ident),+ $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                let dir = tempfile::tempdir().unwrap();
                super::$rule(super::open(dir.path()).await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $rule() {
                let instance = super::Instance::on_a_new_database().await;
                instance.sequence();
                super::$rule(instance.log.clone()).await;
                instance.end().await;
            })+
        }
    };
}

pub(crate) use on_every_engine;

on_every_engine!(
    what_is_appended_can_be_read_in_order,
    a_stretch_is_what_reading_finds,
    a_command_without_news_appends_nothing,
    many_writers_leave_no_gap_and_lose_nothing,
    a_stale_version_is_told_and_changes_nothing,
    a_named_command_happens_once,
    what_is_rehearsed_leaves_no_trace,
    a_feed_hands_on_what_comes_later,
    the_tree_is_over_the_stored_leaves,
    a_caller_that_hangs_up_leaves_no_outdated_state_behind,
    what_is_erased_is_gone_and_every_proof_holds,
);

async fn what_is_erased_is_gone_and_every_proof_holds(log: EventLog) {
    for number in 1..=2 {
        let last = log.execute(register(client(number))).await.unwrap();
        place(&log, &last).await;
    }
    let last = log.execute(suspend(client(1))).await.unwrap();
    place(&log, &last).await;
    let root = log.tree(log.head()).await.unwrap().root();
    let search = |subject: Option<String>, values: &[&str]| PersonalSearch {
        subject,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let found = async |search: PersonalSearch| log.find_personal(&search, 10).await.unwrap();
    let positions = |found: &[Found]| found.iter().map(|one| one.value.position.get()).collect::<Vec<_>>();
    let own = search(Some(client(1).to_string()), &[]);
    assert_eq!(positions(&found(own.clone()).await), [1], "an address is its caller's");
    assert_eq!(found(own.clone()).await[0].of, Holder::Client { client_id: client(1) });
    assert_eq!(positions(&found(search(None, &["owner@example.com"])).await), [1, 2]);
    assert_eq!(positions(&found(search(Some(client(2).to_string()), &["owner@example.com"])).await), [2]);
    assert_eq!(found(search(Some(client(2).to_string()), &["other@example.com"])).await, []);
    let addresses = found(search(None, &["192.0.2.7", "'; --"])).await;
    assert_eq!(positions(&addresses), [1, 2, 3]);
    assert!(addresses.iter().all(|one| one.of == Holder::Circumstances));
    assert_eq!(log.find_personal(&search(None, &["192.0.2.7"]), 2).await.unwrap().len(), 2);

    let id = ErasureId::from_parts(1, 1);
    let erase = Erase {
        found: found(own.clone()).await,
        holder_is_enabled: false,
        reason: "asked for".parse().unwrap(),
    };
    let ask = Execute {
        id,
        command: ErasureCommand::Erase(erase),
        metadata: Metadata { address: None, ..metadata() },
        expected_version: None,
        idempotency: None,
        personal: vec![],
    };
    let erased = log.execute::<Erasure>(ask).await.unwrap();
    place(&log, &erased).await;
    assert_eq!(log.forget(Some(ErasureId::from_parts(1, 2))).await.unwrap(), 0, "another");
    assert_eq!(log.forget(None).await.unwrap(), 1);
    assert_eq!(log.forget(Some(id)).await.unwrap(), 0, "a second time there is nothing left");
    assert_eq!(found(own).await, []);
    let events = log.read(Position::START, 10).await.unwrap();
    assert!(!events[0].personal.contains_key(&email().commitment()));
    assert!(events[0].personal.contains_key(&address().commitment()), "what was not named is there");
    assert!(events[1].personal.contains_key(&email().commitment()));
    assert_eq!(log.tree(Position::new(3)).await.unwrap().root(), root);
    assert_eq!(log.altered(log.head()).await.unwrap(), (4, vec![]));
}

async fn what_is_appended_can_be_read_in_order(log: EventLog) {
    let registered = log.execute(register(client(1))).await.unwrap();
    assert_eq!((registered.version, place(&log, &registered).await), (1, Position::new(1)));
    let suspended = log.execute(suspend(client(1))).await.unwrap();
    assert_eq!((suspended.version, place(&log, &suspended).await), (2, Position::new(2)));

    let events = log.read(Position::START, 10).await.unwrap();
    assert_eq!(events.iter().map(|event| event.position.get()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(events[1].event.event_type(), "api_client.suspended");
    assert_eq!(events[1].event.subject(), client(1).to_string());
    assert_eq!(events[0].personal[&email().commitment()].as_ref(), "owner@example.com");
    assert_eq!(events[1].personal[&address().commitment()].as_ref(), "192.0.2.7");
    assert!(
        !events[1].personal.contains_key(&email().commitment()),
        "a value is kept with the events that use it"
    );
    assert_eq!(log.read(Position::new(1), 10).await.unwrap(), events[1..]);
    assert_eq!(log.read(Position::START, 1).await.unwrap(), events[..1]);
}

async fn a_stretch_is_what_reading_finds(log: EventLog) {
    for number in 1..=3 {
        log.execute(register(client(number))).await.unwrap();
        log.execute(suspend(client(number))).await.unwrap();
        let last = log.execute(reinstate(client(number))).await.unwrap();
        place(&log, &last).await;
    }
    let (read, head) = (log.read(Position::START, 100).await.unwrap(), log.head());
    let all = Wanted { aggregates: None, personal: true };
    for (after, until) in [(0, 9), (0, 4), (3, 8), (8, 100)] {
        let stretch = log.stretch(Position::new(after), Position::new(until), &all).await.unwrap();
        assert_eq!(stretch.until(), Position::new(until).min(head));
        let same = read.iter().filter(|event| (after + 1..=until).contains(&event.position.get()));
        let events = stretch.events().unwrap();
        for (found, same) in events.iter().zip(same) {
            let DomainEvent::ApiClient { event, .. } = &same.event else { panic!("{same:?}") };
            assert_eq!(&found.recorded().unwrap(), same);
            assert_eq!(&found.event().unwrap(), &same.event);
            assert_eq!((found.position(), found.sequence()), (same.position, same.sequence));
            assert_eq!(found.circumstances().unwrap(), Circumstances::from(&same.metadata));
            assert_eq!(found.occurred_at().unwrap(), same.metadata.occurred_at);
            assert_eq!(found.event_id().unwrap(), same.event_id);
            assert_eq!(found.recorded_at().unwrap(), same.recorded_at);
            assert_eq!(stretch.leaf(same.position), Some(same.leaf_hash));
            assert_eq!(found.text(), Some(&*canonical::to_text(event).unwrap()));
        }
        assert_eq!(events.len(), stretch.leaves.len());
    }
    // What is not wanted is known to be there, and no more.
    let keys = Wanted { aggregates: Some(vec!["api_key"]), personal: false };
    let stretch = log.stretch(Position::START, head, &keys).await.unwrap();
    assert_eq!((stretch.events().unwrap().len(), stretch.until()), (0, head));
    let nameless = Wanted { aggregates: Some(vec!["api_key", "api_client"]), personal: false };
    let stretch = log.stretch(Position::START, head, &nameless).await.unwrap();
    let events = stretch.events().unwrap();
    assert_eq!(events.len(), read.len());
    assert!(events.iter().all(|event| event.personal().is_empty()));
}

async fn a_command_without_news_appends_nothing(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    log.execute(suspend(client(1))).await.unwrap();
    let again = log.execute(rename(client(1), "Acme")).await.unwrap();
    assert!(again.events.is_empty());
    assert_eq!((again.version, place(&log, &again).await), (2, Position::new(2)));
    let refused = log.execute(register(client(1))).await;
    assert!(matches!(refused, Err(ExecuteError::Refused(_))), "{refused:?}");
    assert_eq!(log.head(), Position::new(2));
}

async fn many_writers_leave_no_gap_and_lose_nothing(log: EventLog) {
    join_all((0..8).map(|number| log.execute(register(client(number))))).await;
    let commands = (0..32_u128).flat_map(|writer| {
        let log = &log;
        (0..8_u128).map(move |round| async move {
            let name = format!("writer {writer} round {round}");
            let done = log.execute(rename(client(writer % 8), &name)).await?;
            Ok((place(log, &done).await, name))
        })
    });
    let mut acknowledged = HashMap::new();
    let answers: Vec<Result<_, ExecuteError<ApiClientRefusal>>> = join_all(commands).await;
    for answer in answers {
        match answer {
            Ok((position, name)) => {
                assert_eq!(acknowledged.insert(position, name), None, "one position, one command")
            }
            Err(ExecuteError::Failed(tollgate_eventlog::LogFailure::Contended { .. })) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(acknowledged.len() >= 64, "most get through: {}", acknowledged.len());

    let events = log.read(Position::START, 10_000).await.unwrap();
    let mut versions: HashMap<String, u64> = HashMap::new();
    for (at, event) in (1_u64..).zip(&events) {
        assert_eq!(event.position.get(), at);
        let version = versions.entry(event.event.subject()).or_default();
        *version += 1;
        assert_eq!(event.sequence, *version);
        if let DomainEvent::ApiClient {
            event: domain::api_client::ApiClientEvent::Renamed(renamed), ..
        } = &event.event
        {
            assert_eq!(acknowledged.remove(&event.position).as_deref(), Some(renamed.name.as_str()));
        }
    }
    assert!(acknowledged.is_empty(), "an acknowledged command is not in the log: {acknowledged:?}");
}

async fn a_stale_version_is_told_and_changes_nothing(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    let mut stale = suspend(client(1));
    stale.expected_version = Some(7);
    let answer = log.execute(stale).await;
    assert!(matches!(answer, Err(ExecuteError::VersionMismatch { expected: 7, actual: 1 })), "{answer:?}");
    let mut current = suspend(client(1));
    current.expected_version = Some(1);
    assert_eq!(log.execute(current).await.unwrap().version, 2);
}

async fn a_named_command_happens_once(log: EventLog) {
    let named = || {
        let mut ask = register(client(1));
        ask.idempotency = Some(Idempotency { key: "bootstrap-admin:k1".to_owned(), request_digest: [5; 32] });
        ask
    };
    assert_eq!(log.recall("bootstrap-admin:k1").await.unwrap(), None);
    let done = log.execute(named()).await.unwrap();
    let remembered = log.recall("bootstrap-admin:k1").await.unwrap().unwrap();
    assert_eq!(
        (remembered.request_digest, remembered.version, position(&log, remembered.place).await),
        ([5; 32], 1, position(&log, done.place).await)
    );
    assert_eq!(remembered.aggregate_id, client(1).to_string());

    let again = log.recall("bootstrap-admin:k1").await.unwrap().unwrap();
    assert_eq!(again.place, Place::At(Position::new(1)), "what has its position need not be waited for");

    // The same name on another aggregate is still the same name: two clicks race with two new ids.
    let mut other = named();
    other.id = client(2);
    let answer = log.execute(other).await;
    assert!(matches!(&answer, Err(ExecuteError::Repeated(known)) if *known == again), "{answer:?}");
    assert_eq!(place(&log, &done).await, Position::new(1));
    assert_eq!(log.head(), Position::new(1));

    let mut without_news = rename(client(1), "Acme");
    log.execute(suspend(client(1))).await.unwrap();
    without_news.idempotency =
        Some(Idempotency { key: "bootstrap-admin:k2".to_owned(), request_digest: [6; 32] });
    assert!(log.execute(without_news).await.unwrap().events.is_empty());
    assert_eq!(log.recall("bootstrap-admin:k2").await.unwrap().unwrap().version, 2);
}

async fn what_is_rehearsed_leaves_no_trace(log: EventLog) {
    let done = log.execute(register(client(1))).await.unwrap();
    assert_eq!(place(&log, &done).await, Position::new(1));
    let mut named = suspend(client(1));
    named.idempotency = Some(Idempotency { key: "admin:k".to_owned(), request_digest: [7; 32] });
    for _ in 0..2 {
        let rehearsed = log.rehearse(&named).await.unwrap();
        assert_eq!((rehearsed.version, rehearsed.events.len(), rehearsed.new_version()), (1, 1, 2));
    }
    assert_eq!((log.head(), log.recall("admin:k").await.unwrap()), (Position::new(1), None));
    assert_eq!(log.load::<ApiClient>(client(1)).await.unwrap().version, 1);
    // What comes of it is what was said, and the refusals are those of the command itself.
    let rehearsed = log.rehearse(&suspend(client(1))).await.unwrap();
    assert_eq!(log.execute(suspend(client(1))).await.unwrap().events, rehearsed.events);
    assert!(log.rehearse(&rename(client(1), "Acme")).await.unwrap().events.is_empty());
    let mut stale = suspend(client(1));
    stale.expected_version = Some(1);
    let answer = log.rehearse(&stale).await;
    assert!(matches!(answer, Err(ExecuteError::VersionMismatch { expected: 1, actual: 2 })), "{answer:?}");
    assert!(matches!(log.rehearse(&register(client(1))).await, Err(ExecuteError::Refused(_))));
}

async fn a_feed_hands_on_what_comes_later(log: EventLog) {
    let mut feed = log.feed();
    let (early, _) = tokio::join!(feed.next(Position::START, 10), log.execute(register(client(1))));
    assert_eq!(early.unwrap().len(), 1);
    let (late, _) = tokio::join!(feed.next(Position::new(1), 10), log.execute(suspend(client(1))));
    assert_eq!(late.unwrap()[0].position, Position::new(2));
    assert_eq!(feed.head(), Position::new(2));
}

async fn the_tree_is_over_the_stored_leaves(log: EventLog) {
    for number in 0..20 {
        let done = log.execute(register(client(number))).await.unwrap();
        place(&log, &done).await;
    }
    let mut expected = tollgate_eventlog::merkle::Tree::default();
    for event in log.read(Position::START, 100).await.unwrap() {
        expected.push(event.leaf_hash);
    }
    assert_eq!(log.tree(Position::new(20)).await.unwrap(), expected);
    assert_eq!(log.altered(Position::new(20)).await.unwrap(), (20, vec![]));
    assert!(log.tree(Position::new(21)).await.is_err());
}

async fn a_caller_that_hangs_up_leaves_no_outdated_state_behind(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    log.execute(suspend(client(1))).await.unwrap();
    log.load::<ApiClient>(client(1)).await.unwrap();
    {
        // Polled until the append is on its way, then dropped, as a server drops the request of a caller that is gone.
        let mut reinstating = std::pin::pin!(log.execute(reinstate(client(1))));
        assert!(futures::poll!(&mut reinstating).is_pending());
    }
    let mut head = log.watch_head();
    head.wait_for(|head| *head >= Position::new(3)).await.unwrap();
    let again = log.execute(reinstate(client(1))).await.unwrap();
    assert_eq!(
        (again.events.len(), again.version),
        (0, 3),
        "who is reinstated by now is not reinstated again"
    );
}
