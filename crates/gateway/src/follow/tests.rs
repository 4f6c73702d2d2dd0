use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use domain::{
    DomainEvent, Timestamp,
    api_client::{ApiClientEvent, Reinstated},
    clock::Clock,
};

use super::*;
use crate::testing::{CLIENT, peppers, read, recorded, settings};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        read("2026-11-22T12:00:00Z")
    }
}

/// Answers what it was told to, then says for ever that there is nothing new.
struct Told {
    answers: Vec<Result<(Vec<u64>, u64), &'static str>>,
    asked: Arc<Mutex<Vec<u64>>>,
    done: CancellationToken,
}

impl ConfigurationFeed for Told {
    async fn next(&mut self, after: Position) -> Result<FeedBatch, FeedFailure> {
        self.asked.lock().unwrap().push(after.get());
        if self.answers.is_empty() {
            self.done.cancel();
            std::future::pending::<()>().await;
        }
        let event = |position| {
            let event = ApiClientEvent::Reinstated(Reinstated { reason: read("why") });
            recorded(position, Noon.now(), DomainEvent::ApiClient { id: read(CLIENT), event })
        };
        let (positions, head) = self.answers.remove(0).map_err(FeedFailure::new)?;
        Ok(FeedBatch { events: positions.into_iter().map(event).collect(), head: Position::new(head) })
    }
}

/// The positions that the feed was asked for, and the gateway afterwards.
async fn follow(answers: Vec<Result<(Vec<u64>, u64), &'static str>>) -> (Vec<u64>, Arc<Gateway>) {
    let gateway = Arc::new(Gateway::new(settings(), peppers()));
    let (stop, asked) = (CancellationToken::new(), Arc::default());
    let feed = Told { answers, asked: Arc::clone(&asked), done: stop.clone() };
    run(Arc::clone(&gateway), feed, Arc::new(Noon), stop).await;
    let asked = asked.lock().unwrap().clone();
    (asked, gateway)
}

#[tokio::test(start_paused = true)]
async fn the_gateway_is_ready_when_it_has_reached_the_head() {
    let (asked, gateway) = follow(vec![Ok((vec![1, 2], 3))]).await;
    assert_eq!((asked, gateway.position().get(), gateway.ready()), (vec![0, 2], 2, false));
    let (asked, gateway) = follow(vec![Ok((vec![1, 2], 3)), Ok((vec![3], 3))]).await;
    assert_eq!((asked, gateway.position().get(), gateway.ready()), (vec![0, 2, 3], 3, true));
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_fails_is_asked_again_from_where_it_was() {
    let failing = std::iter::repeat_with(|| Err("away")).take(10);
    let answers = [Ok((vec![1], 1))].into_iter().chain(failing).chain([Ok((vec![2], 2))]).collect();
    let (asked, gateway) = follow(answers).await;
    assert_eq!(asked.iter().filter(|after| **after == 1).count(), 11);
    assert_eq!((asked.last(), gateway.position().get()), (Some(&2), 2));
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_a_failure_and_a_repeat_is_not() {
    let (asked, gateway) =
        follow(vec![Ok((vec![1, 3], 3)), Ok((vec![1, 2], 3)), Ok((vec![1, 2, 2, 3], 3))]).await;
    assert_eq!((asked, gateway.position().get(), gateway.ready()), (vec![0, 0, 2, 3], 3, true));
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_a_bound() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    struct Away;
    impl ConfigurationFeed for Away {
        async fn next(&mut self, _: Position) -> Result<FeedBatch, FeedFailure> {
            ASKED.fetch_add(1, Ordering::Relaxed);
            Err(FeedFailure::new("away"))
        }
    }
    let gateway = Arc::new(Gateway::new(settings(), peppers()));
    let stop = CancellationToken::new();
    let running = run(gateway, Away, Arc::new(Noon), stop.clone());
    let minutes = tokio::time::timeout(Duration::from_secs(60), running).await;
    assert!(minutes.is_err());
    // 0.1, 0.2, 0.4, 0.8, 1.6, 3.2 and then every five seconds.
    assert_eq!(ASKED.load(Ordering::Relaxed), 7 + 10);
}

#[test]
fn a_batch_names_each_piece_of_work_once_and_no_more_than_so_many() {
    let event = || DomainEvent::ApiClient {
        id: read(CLIENT),
        event: ApiClientEvent::Reinstated(Reinstated { reason: read("why") }),
    };
    let of = |position: u64| {
        let mut recorded = recorded(position, Noon.now(), event());
        recorded.metadata.correlation_id = format!("work {}", position / 2);
        recorded
    };
    let batch: Vec<Recorded> = (2..=9).map(of).collect();
    let named = |at_most| correlations(&batch, at_most).into_iter().map(|(id, at)| (id.to_owned(), at.get()));
    let all: Vec<_> = (1..=4).map(|work| (format!("work {work}"), work * 2)).collect();
    assert_eq!(named(24).collect::<Vec<_>>(), all);
    assert_eq!(named(2).collect::<Vec<_>>(), all[..2]);
}

#[test]
fn how_long_a_gateway_is_behind_counts_from_when_it_had_everything() {
    let gateway = Gateway::new(settings(), peppers());
    let later = |seconds: i64| Noon.now() + jiff::SignedDuration::from_secs(seconds);
    gateway.caught_up(Position::new(1), later(0));
    assert_eq!(gateway.since_caught_up(later(0)), None, "it never had");
    gateway.caught_up(Position::START, later(0));
    assert_eq!(gateway.since_caught_up(later(7)), Some(Duration::from_secs(7)));
    gateway.caught_up(Position::new(1), later(7));
    assert_eq!(gateway.since_caught_up(later(9)), Some(Duration::from_secs(9)), "an event is missing");
}
