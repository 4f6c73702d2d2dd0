//! Usage goes on where it was counted: what was heard of its source at another time decides nothing.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use eventlog::usage::ArrivedBatch;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    Projections, Reading, USAGE,
    store::Committed,
    testing::{Engine, event_log, on_every_engine, read_model, usage_batch},
    usage::apply,
};

on_every_engine!(
    usage_goes_on_by_what_its_source_says_now,
    usage_waits_while_nobody_says_how_far_its_source_is,
    usage_that_was_never_counted_waits_for_nobody,
    a_start_before_its_source_goes_on_once_that_is_heard,
);

/// A stream of one batch, of which was heard how far it is at some time.
struct Stream {
    heard: watch::Sender<u64>,
    batch_no: u64,
}

impl Stream {
    fn heard_at(heard: u64) -> Self {
        Self { heard: watch::Sender::new(heard), batch_no: 10 }
    }
}

impl UsageSource for Stream {
    fn read(&self, after: u64, _batches_max: usize) -> Reading<'_> {
        let there = (self.batch_no > after).then(|| arrived(self.batch_no));
        Box::pin(ready(Ok(there.into_iter().collect())))
    }
    fn watch(&self) -> watch::Receiver<u64> {
        self.heard.subscribe()
    }
    fn is_whole(&self) -> bool {
        false
    }
}

fn arrived(batch_no: u64) -> ArrivedBatch {
    ArrivedBatch { batch_no, batch: usage_batch(batch_no, 1) }
}

fn unsaid() -> LogFailure {
    LogFailure::Usage { source: "the bus is away".into() }
}

/// What is answered to whoever asks how far the source is; nothing while it is away.
fn says(head: Option<u64>) -> AskHead {
    Box::new(move || Box::pin(ready(head.ok_or_else(unsaid))))
}

/// Counted up to the ninth batch.
async fn counted(on: Engine) -> (TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    model.reset(USAGE_OWNER).await.unwrap();
    let batches: Vec<_> = (1..=9).map(arrived).collect();
    let (reached, committed) = apply(&model, Position::START, &batches).await.unwrap();
    assert_eq!((reached.get(), committed), (9, Committed::Yes));
    (dir, model)
}

/// Where a turn goes on, and where the checkpoint is then.
async fn begins(model: &ReadModel, says_now: Option<u64>) -> (Option<u64>, u64) {
    let begun = usage(model, &Stream::heard_at(0), &says(says_now), "here").await;
    let begun = match begun {
        Ok(checkpoint) => Some(checkpoint.position.get()),
        Err(FollowFailure::Head { .. }) => None,
        Err(other) => panic!("{other:?}"),
    };
    (begun, model.checkpoint(USAGE).await.unwrap().get())
}

async fn usage_goes_on_by_what_its_source_says_now(on: Engine) {
    let (_dir, model) = counted(on).await;
    for head in [12, 9] {
        assert_eq!(begins(&model, Some(head)).await, (Some(9), 9), "at {head}");
    }
    // Its numbers have begun anew.
    assert_eq!(begins(&model, Some(8)).await, (Some(0), 0));
}

async fn usage_waits_while_nobody_says_how_far_its_source_is(on: Engine) {
    let (_dir, model) = counted(on).await;
    assert_eq!(begins(&model, None).await, (None, 9));
    let shown =
        async |head| shown_usage(&model, &says(head)).await.unwrap().map(|there| there.position.get());
    assert_eq!(shown(None).await, Some(9), "what is counted stands");
    assert_eq!(shown(Some(8)).await, None);
}

async fn usage_that_was_never_counted_waits_for_nobody(on: Engine) {
    let (_dir, model) = read_model(on).await;
    for _ in 0..2 {
        assert_eq!(begins(&model, None).await, (Some(0), 0));
    }
}

async fn a_start_before_its_source_goes_on_once_that_is_heard(on: Engine) {
    let (dir, model) = counted(on).await;
    let log = event_log(dir.path()).await;
    let asked = Arc::new(AtomicU32::new(0));
    // To the opening and to the first look of the turn nobody answers.
    let ask = {
        let asked = Arc::clone(&asked);
        move || -> Told<'static, u64> {
            let away = asked.fetch_add(1, Ordering::Relaxed) < 2;
            Box::pin(ready(if away { Err(unsaid()) } else { Ok(10) }))
        }
    };
    let projections = Projections::open_asking(model.clone(), log, Stream::heard_at(10), ask).await.unwrap();
    let (visibility, stop) = (projections.visibility(), CancellationToken::new());
    assert_eq!(visibility.seen().batch_no, 9, "what is shown does not fall behind");
    let watching = async {
        let there = visibility.wait_for_usage(10, Duration::from_secs(30)).await;
        stop.cancel();
        there
    };
    let (ran, there) = tokio::join!(projections.run(stop.clone()), watching);
    ran.unwrap();
    assert!(there);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}
