//! Several gateways in one process, and a pool that a test may take away.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{
    DomainEvent, Timestamp,
    clock::Clock,
    decision::{Outcome, RefusalReason},
    rate_limit_policy::{LimitReset, RateLimitPolicyEvent},
};
use jiff::SignedDuration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    Call, Gateway, SharedQuotas, WhenAlone,
    testing::{CLIENT, Organisation, POLICY, call, peppers, quota, read, recorded, secret, settings, spec},
};

const QUOTA: u64 = 10_000;

/// Counts in memory. Away, it answers nothing; what it was asked then it may have counted all the same.
#[derive(Default)]
struct Pool {
    totals: Mutex<HashMap<PoolKey, i64>>,
    ids: Mutex<HashSet<String>>,
    away: AtomicBool,
    counts_when_away: AtomicBool,
    asked: AtomicU64,
}

impl Pool {
    fn total(&self) -> i64 {
        self.totals.lock().unwrap().values().sum()
    }
}

impl QuotaPool for Pool {
    async fn reserve(&self, reservation: &Reservation) -> Result<i64, PoolFailure> {
        tokio::task::yield_now().await;
        self.asked.fetch_add(1, Ordering::Relaxed);
        let away = self.away.load(Ordering::Relaxed);
        if away && !self.counts_when_away.load(Ordering::Relaxed) {
            return Err(PoolFailure::new("away"));
        }
        let mut totals = self.totals.lock().unwrap();
        let total = totals.entry(reservation.key.clone()).or_default();
        if self.ids.lock().unwrap().insert(reservation.id.clone()) {
            *total += i64::try_from(reservation.amount).unwrap();
        }
        if away { Err(PoolFailure::new("the answer was lost")) } else { Ok(*total) }
    }

    async fn give_back(&self, given: &Reservation) -> Result<(), PoolFailure> {
        if self.away.load(Ordering::Relaxed) {
            return Err(PoolFailure::new("away"));
        }
        *self.totals.lock().unwrap().entry(given.key.clone()).or_default() -=
            i64::try_from(given.amount).unwrap();
        Ok(())
    }
}

/// Noon, and as far on as tokio's own time.
struct Paused {
    begun: tokio::time::Instant,
}

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.begun.elapsed()).unwrap();
        read::<Timestamp>("2026-11-22T12:00:00Z") + passed
    }
}

struct Node {
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    reserver: JoinHandle<()>,
}

struct World {
    pool: Arc<Pool>,
    clock: Arc<Paused>,
    nodes: Vec<Node>,
}

impl World {
    /// So many gateways under one calendar quota.
    fn new(nodes: u32, requests: u64, when_alone: WhenAlone) -> Self {
        let mut world = Self {
            pool: Arc::default(),
            clock: Arc::new(Paused { begun: tokio::time::Instant::now() }),
            nodes: vec![],
        };
        for _ in 0..nodes {
            world.join(requests, when_alone);
        }
        for node in &world.nodes {
            node.gateway.set_live_nodes(nodes);
        }
        world
    }

    fn join(&mut self, requests: u64, when_alone: WhenAlone) {
        let mut org = Organisation::small();
        let sharing = SharedQuotas { when_alone, ..SharedQuotas::default() };
        org.gateway = Gateway::new(settings(), peppers()).sharing_quotas(sharing);
        org.position = 0;
        org.retell();
        org.policy(POLICY, spec(vec![], vec![quota("daily", requests)]));
        org.assign(POLICY, |_| {});
        let gateway = Arc::new(org.gateway);
        let stop = CancellationToken::new();
        let clock = self.clock.clone();
        #[expect(clippy::disallowed_methods, reason = "a test has no task set; it waits for the task itself")]
        let reserver =
            tokio::task::spawn(run(Arc::clone(&gateway), Arc::clone(&self.pool), clock, stop.clone()));
        self.nodes.push(Node { gateway, stop, reserver });
    }

    async fn judge(&self, node: usize) -> Decision {
        let (secret, environment) = (secret(1), read("prod"));
        self.nodes[node].gateway.judge_shared(&call(&secret, &environment), &*self.clock).await
    }

    async fn cost(&self, node: usize, cost: u32) -> Decision {
        let (secret, environment) = (secret(1), read("prod"));
        let call = Call { cost: Some(cost), ..call(&secret, &environment) };
        self.nodes[node].gateway.judge_shared(&call, &*self.clock).await
    }

    /// Calls each node in turn until one refuses. How many calls passed, and what the refused one was told.
    async fn exhaust(&self, nodes: &[usize], most: u64) -> (u64, Option<RefusalReason>) {
        let mut allowed = 0;
        loop {
            for node in nodes {
                if allowed == most {
                    return (allowed, None);
                }
                let decision = self.judge(*node).await;
                if decision.reason.is_some() {
                    return (allowed, decision.reason);
                }
                allowed += 1;
            }
        }
    }

    async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Ends one as a crash does.
    fn kill(&mut self, node: usize) {
        self.nodes[node].reserver.abort();
    }

    async fn stop(&mut self, node: usize) {
        let Node { stop, reserver, .. } = &mut self.nodes[node];
        stop.cancel();
        reserver.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn one_gateway_uses_a_shared_quota_to_the_last_call() {
    for requests in [1, 2, 7, 100, QUOTA] {
        let world = World::new(1, requests, WhenAlone::Share);
        let exceeded = Some(RefusalReason::QuotaExceeded);
        assert_eq!(world.exhaust(&[0], u64::MAX).await, (requests, exceeded));
        assert_eq!(world.judge(0).await.limits[0].remaining, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn three_gateways_use_it_up_together_and_never_more() {
    let world = World::new(3, QUOTA, WhenAlone::Share);
    let (allowed, reason) = world.exhaust(&[0, 1, 2], u64::MAX).await;
    assert_eq!(reason, Some(RefusalReason::QuotaExceeded));
    assert!((QUOTA - QUOTA / 256..=QUOTA).contains(&allowed), "{allowed}");
    // What nobody uses goes back, and is used up by the one that is called.
    world.pass(3).await;
    let (rest, _) = world.exhaust(&[0], u64::MAX).await;
    world.pass(3).await;
    let (last, _) = world.exhaust(&[1], u64::MAX).await;
    assert_eq!(allowed + rest + last, QUOTA);
}

#[tokio::test(start_paused = true)]
async fn what_gateways_say_of_their_use_adds_up_to_the_quota() {
    let world = World::new(2, QUOTA, WhenAlone::Share);
    let mut said = [0; 2];
    let mut flush = |rounds: usize| {
        for (node, said) in world.nodes.iter().zip(&mut said) {
            let flushes = (0..rounds).map(|_| node.gateway.take_flush(world.clock.now()));
            let levels = flushes.filter_map(|flush| flush.batch).flat_map(|batch| batch.quota_levels);
            for level in levels {
                assert!(level.used > *said, "{} after {said}", level.used);
                *said = level.used;
            }
        }
        said.iter().sum::<u64>()
    };
    let (mut allowed, _) = world.exhaust(&[0, 1], 4_321).await;
    let sum = flush(1);
    assert!((4_321 - 20..=4_321).contains(&sum), "{sum} but for two thousandths");
    for node in [0, 1, 0] {
        allowed += world.exhaust(&[node], u64::MAX).await.0;
        world.pass(3).await;
        flush(1);
    }
    assert_eq!(allowed, QUOTA);
    assert_eq!(flush(200), QUOTA);
}

#[tokio::test(start_paused = true)]
async fn calls_seldom_wait_for_the_pool() {
    let world = World::new(2, 1_000_000, WhenAlone::Share);
    world.exhaust(&[0, 1], 10_000).await;
    let asked = world.pool.asked.load(Ordering::Relaxed);
    assert!(asked < 100, "{asked} questions for 10,000 calls");
}

#[tokio::test(start_paused = true)]
async fn a_killed_gateway_takes_no_more_with_it_than_it_held() {
    let mut world = World::new(3, QUOTA, WhenAlone::Share);
    let (before, _) = world.exhaust(&[0, 1, 2], 5_000).await;
    world.kill(2);
    let (after, _) = world.exhaust(&[0, 1], u64::MAX).await;
    assert!((9_900..=QUOTA).contains(&(before + after)), "{}", before + after);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_stops_hands_back_what_it_held() {
    let mut world = World::new(2, QUOTA, WhenAlone::Share);
    world.exhaust(&[0, 1], 1_001).await;
    world.stop(0).await;
    world.stop(1).await;
    assert_eq!(world.pool.total(), 1_001);
}

#[tokio::test(start_paused = true)]
async fn a_question_whose_answer_was_lost_counts_once() {
    let world = World::new(1, QUOTA, WhenAlone::Refuse);
    let (before, _) = world.exhaust(&[0], 3_000).await;
    world.pool.away.store(true, Ordering::Relaxed);
    world.pool.counts_when_away.store(true, Ordering::Relaxed);
    let (meanwhile, reason) = world.exhaust(&[0], u64::MAX).await;
    assert_eq!(reason, Some(RefusalReason::QuotaUnavailable));
    world.pool.away.store(false, Ordering::Relaxed);
    world.pass(1).await;
    let (after, _) = world.exhaust(&[0], u64::MAX).await;
    assert_eq!(before + meanwhile + after, QUOTA);
}

#[tokio::test(start_paused = true)]
async fn alone_gateways_that_share_never_use_more_than_the_quota_together() {
    let world = World::new(3, QUOTA, WhenAlone::Share);
    let (mut allowed, _) = world.exhaust(&[0, 1, 2], 4_000).await;
    world.pool.away.store(true, Ordering::Relaxed);
    for node in 0..3 {
        let (alone, reason) = world.exhaust(&[node], u64::MAX).await;
        assert_eq!(reason, Some(RefusalReason::QuotaUnavailable));
        assert!(alone > 1_900, "{alone} at node {node}");
        allowed += alone;
    }
    assert!((QUOTA - 100..=QUOTA).contains(&allowed), "{allowed}");
    // Back, each tells what it used before anybody reserves anew.
    world.pool.away.store(false, Ordering::Relaxed);
    world.pass(10).await;
    for node in 0..3 {
        let (rest, _) = world.exhaust(&[node], u64::MAX).await;
        allowed += rest;
        world.pass(3).await;
    }
    assert_eq!(allowed, QUOTA);
}

#[tokio::test(start_paused = true)]
async fn the_first_to_find_the_pool_again_does_not_take_what_the_others_used() {
    let world = World::new(2, 1_000, WhenAlone::Share);
    let (mut allowed, _) = world.exhaust(&[0, 1], 100).await;
    world.pool.away.store(true, Ordering::Relaxed);
    allowed += world.exhaust(&[0], u64::MAX).await.0;
    allowed += world.exhaust(&[1], u64::MAX).await.0;
    world.pool.away.store(false, Ordering::Relaxed);
    // The other one's answer is on its way: nothing is known of what it used.
    world.pass(1).await;
    allowed += world.exhaust(&[0], u64::MAX).await.0;
    world.pass(10).await;
    allowed += world.exhaust(&[0, 1], u64::MAX).await.0;
    assert!(allowed <= 1_000, "{allowed}");
}

#[tokio::test(start_paused = true)]
async fn alone_gateways_may_also_count_by_themselves() {
    let world = World::new(2, 1_000, WhenAlone::Allow);
    world.exhaust(&[0, 1], 100).await;
    world.pool.away.store(true, Ordering::Relaxed);
    for node in 0..2 {
        let (alone, reason) = world.exhaust(&[node], u64::MAX).await;
        assert_eq!(reason, Some(RefusalReason::QuotaExceeded));
        assert!((890..=950).contains(&alone), "{alone}");
    }
    world.pool.away.store(false, Ordering::Relaxed);
    world.pass(2).await;
    // What was used is told, although it is more than the quota.
    assert!(world.pool.total() > 1_800, "{}", world.pool.total());
    assert_eq!(world.judge(0).await.reason, Some(RefusalReason::QuotaExceeded));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_was_never_heard_of_is_refused_or_counted_here() {
    for (when_alone, reason) in [
        (WhenAlone::Share, Some(RefusalReason::QuotaUnavailable)),
        (WhenAlone::Refuse, Some(RefusalReason::QuotaUnavailable)),
        (WhenAlone::Allow, None),
    ] {
        let world = World::new(1, 1_000, when_alone);
        world.pool.away.store(true, Ordering::Relaxed);
        let decision = world.judge(0).await;
        assert_eq!(decision.reason, reason, "{when_alone:?}");
        assert_eq!(decision.retry_after_seconds, reason.map(|_| 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dear_call_waits_until_enough_is_reserved_for_it() {
    let world = World::new(3, QUOTA, WhenAlone::Share);
    assert_eq!(world.cost(0, 700).await.reason, None);
    assert_eq!(world.cost(1, 9_000).await.reason, None);
    assert_eq!(world.cost(2, 301).await.reason, Some(RefusalReason::QuotaExceeded));
    world.pass(3).await;
    assert_eq!(world.cost(2, 300).await.reason, None);
}

#[tokio::test(start_paused = true)]
async fn the_quota_is_there_again_when_its_window_turns() {
    let world = World::new(2, 10, WhenAlone::Share);
    assert_eq!(world.exhaust(&[0, 1], u64::MAX).await.0, 10);
    world.pass(12 * 3_600).await;
    assert_eq!(world.exhaust(&[0, 1], u64::MAX).await.0, 10);
}

#[tokio::test(start_paused = true)]
async fn what_was_counted_before_quotas_were_shared_is_brought_to_the_pool() {
    let mut org = Organisation::small();
    org.policy(POLICY, spec(vec![], vec![quota("daily", 100)]));
    org.assign(POLICY, |_| {});
    for _ in 0..30 {
        assert_eq!(org.call(1).reason, None);
    }
    let rows = org.gateway.take_flush(org.now).counters;
    let world = World::new(2, 100, WhenAlone::Share);
    world.nodes[0].gateway.restore_counters(rows, org.now);
    assert_eq!(world.exhaust(&[0], 10).await.0, 10);
    world.pass(1).await;
    assert_eq!(world.exhaust(&[1], u64::MAX).await.0, 60);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_was_killed_and_starts_again_counts_on() {
    let mut world = World::new(2, QUOTA, WhenAlone::Share);
    assert_eq!(world.exhaust(&[0, 1], 4_000).await.0, 4_000);
    let rows = world.nodes[1].gateway.take_flush(world.clock.now()).counters;
    world.kill(1);
    world.join(QUOTA, WhenAlone::Share);
    let again = &world.nodes[2].gateway;
    again.set_live_nodes(2);
    again.restore_counters(rows, world.clock.now());
    let (rest, _) = world.exhaust(&[0, 2], u64::MAX).await;
    assert!((9_900..=QUOTA).contains(&(4_000 + rest)), "{rest}");
}

/// What one node is told.
fn reset(gateway: &Gateway, now: Timestamp) {
    let limit = LimitReset {
        limit: read("daily"),
        client_id: Some(read(CLIENT)),
        key_id: None,
        environment: None,
        reason: read("Told so"),
    };
    let event = RateLimitPolicyEvent::LimitReset(limit);
    let event = DomainEvent::RateLimitPolicy { id: read(POLICY), event };
    let position = gateway.position().next();
    gateway.apply(&[recorded(position.get(), now, event)], now);
    gateway.caught_up(position, now);
}

#[tokio::test(start_paused = true)]
async fn a_reset_counts_once_though_every_node_applies_it() {
    let world = World::new(2, 20, WhenAlone::Share);
    let used_up = async || {
        let mut allowed = 0;
        for round in 0..200 {
            let decision = world.judge(round % 2).await;
            allowed += u64::from(decision.outcome == Outcome::Allowed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        allowed
    };
    assert_eq!(used_up().await, 20);
    // One of them hears of it long before the other, and goes on meanwhile.
    reset(&world.nodes[0].gateway, world.clock.now());
    let mut allowed = 0;
    for _ in 0..5 {
        allowed += u64::from(world.judge(0).await.outcome == Outcome::Allowed);
        assert_eq!(world.judge(1).await.outcome, Outcome::QuotaExceeded);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(allowed, 5);
    reset(&world.nodes[1].gateway, world.clock.now());
    assert_eq!(allowed + used_up().await, 20);
}
