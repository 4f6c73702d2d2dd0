use std::sync::Mutex;

use domain::{Timestamp, clock::Clock};

use super::*;
use crate::testing::{Organisation, read};

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        read("2026-11-22T12:00:00Z")
    }
}

/// Fails as often as told and then keeps everything.
#[derive(Clone, Default)]
struct Kept {
    failures: Arc<Mutex<u32>>,
    /// Sequence and calls.
    batches: Arc<Mutex<Vec<(u64, u64)>>>,
}

impl FlushSink for Kept {
    async fn flush(&self, flush: &Flush) -> Result<(), SinkFailure> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(SinkFailure::new("full"));
        }
        let batch = flush.batch.as_ref().unwrap();
        self.batches.lock().unwrap().push((batch.sequence, batch.facts.iter().map(|fact| fact.calls).sum()));
        Ok(())
    }
}

struct Running {
    gateway: Arc<Gateway>,
    organisation: Organisation,
    kept: Kept,
    stop: CancellationToken,
}

impl Running {
    fn new(failures: u32) -> Self {
        let mut organisation = Organisation::small();
        let gateway = Arc::new(std::mem::replace(
            &mut organisation.gateway,
            Gateway::new(crate::testing::settings(), crate::testing::peppers()),
        ));
        let kept = Kept { failures: Arc::new(Mutex::new(failures)), ..Kept::default() };
        Self { gateway, organisation, kept, stop: CancellationToken::new() }
    }

    fn call(&self) {
        let (secret, environment) = (crate::testing::secret(1), read("prod"));
        self.gateway.judge(&crate::testing::call(&secret, &environment), self.organisation.now);
    }

    /// Runs the flusher and calls once in the middle of each second.
    async fn calls(&self, calls: u64) -> Vec<(u64, u64)> {
        let running = run(
            Arc::clone(&self.gateway),
            self.kept.clone(),
            Arc::new(Noon),
            Duration::from_secs(1),
            self.stop.clone(),
        );
        let calling = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            for _ in 0..calls {
                self.call();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            self.call();
            self.stop.cancel();
        };
        tokio::join!(running, calling);
        self.kept.batches.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn flushes_every_second_and_once_more_at_the_stop() {
    assert_eq!(Running::new(0).calls(3).await, [(1, 1), (2, 1), (3, 1), (4, 1)]);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_kept_comes_again_under_its_sequence_and_nothing_is_lost() {
    assert_eq!(Running::new(2).calls(4).await, [(1, 1), (2, 2), (3, 1), (4, 1)]);
}

#[tokio::test(start_paused = true)]
async fn the_stop_keeps_what_waited_too() {
    assert_eq!(Running::new(3).calls(3).await, [(1, 1), (2, 3)]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_flushed_when_nothing_was_judged() {
    let running = Running::new(0);
    let (gateway, kept, stop) = (Arc::clone(&running.gateway), running.kept.clone(), running.stop.clone());
    let stopping = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        running.stop.cancel();
    };
    tokio::join!(run(gateway, kept, Arc::new(Noon), Duration::from_secs(1), stop), stopping);
    assert!(running.kept.batches.lock().unwrap().is_empty());
}

/// Has room for one fact.
struct Narrow(Kept);

impl FlushSink for Narrow {
    async fn flush(&self, flush: &Flush) -> Result<(), SinkFailure> {
        if flush.batch.as_ref().is_some_and(|batch| batch.facts.len() > 1) {
            return Err(SinkFailure::too_large("two facts"));
        }
        self.0.flush(flush).await
    }
}

#[tokio::test]
async fn what_is_too_large_is_divided_until_it_fits() {
    let running = Running::new(0);
    let (unknown, environment) = (crate::testing::secret(9), read("prod"));
    running.call();
    running.gateway.judge(&crate::testing::call(&unknown, &environment), running.organisation.now);
    let (narrow, clock): (_, SharedClock) = (Narrow(running.kept.clone()), Arc::new(Noon));
    assert!(flush(&running.gateway, &narrow, &clock, 1).await.is_err());
    flush(&running.gateway, &narrow, &clock, 2).await.unwrap();
    assert_eq!(*running.kept.batches.lock().unwrap(), [(1, 1), (2, 1)]);
}
