//! One quota of 10,000 for three gateways: never more, and at least 9,900 before the first refusal.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, ensure};
use domain::SharedClock;
use test_servers::{Nats, until};
use tokio::task::JoinSet;

use super::world::{Node, Running};

const QUOTA: u64 = 10_000;
const CALLERS: usize = 4;
const AT_MOST: Duration = Duration::from_secs(30);

/// Every node is called by several at once, until a call is refused or each caller has had its calls. How many passed.
async fn call_all(nodes: &[Arc<Node>], most_each: u64) -> Result<u64> {
    let mut callers = JoinSet::new();
    for node in nodes {
        for _ in 0..CALLERS {
            let node = Arc::clone(node);
            callers.spawn(async move { node.call(most_each).await });
        }
    }
    let mut passed = 0;
    while let Some(calls) = callers.join_next().await {
        passed += calls?;
    }
    Ok(passed)
}

/// Calls the nodes in turn until the first refusal.
async fn call_until_refused(nodes: &[Arc<Node>]) -> u64 {
    let mut passed = 0;
    loop {
        for node in nodes {
            if node.judge().await.reason.is_some() {
                return passed;
            }
            passed += 1;
        }
    }
}

async fn three(nats: &Nats) -> Result<Vec<Arc<Node>>> {
    Ok(Node::several(nats, 3, QUOTA).await?.into_iter().map(Arc::new).collect())
}

fn alone(node: Arc<Node>) -> Node {
    Arc::into_inner(node).expect("nobody calls it any more")
}

fn check(first_refused_after: u64, passed: u64) -> Result<()> {
    ensure!(first_refused_after >= 9_900, "a call was refused after {first_refused_after}");
    ensure!(passed <= QUOTA, "{passed} calls passed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn three_gateways_never_exceed_a_quota_and_use_it_up() -> Result<()> {
    let nats = Nats::start().await?;
    let nodes = three(&nats).await?;
    let before = call_all(&nodes, 500).await?;
    ensure!(before == 6_000, "{before}");
    let before = before + call_until_refused(&nodes).await;
    // Many callers at the end, where every call is counted by itself.
    let after = call_all(&nodes, u64::MAX).await?;
    check(before, before + after)
}

/// Each day by itself: what was held of one day is worth nothing on the next, and takes nothing from it.
#[tokio::test(flavor = "multi_thread")]
async fn each_period_has_its_whole_quota_and_no_more() -> Result<()> {
    let nats = Nats::start().await?;
    let clock = Running::noon();
    let shared: SharedClock = clock.clone();
    let nodes = Node::several_at(&nats, 3, QUOTA, shared).await?;
    let nodes: Vec<_> = nodes.into_iter().map(Arc::new).collect();
    for each in [333, 830] {
        let before = call_all(&nodes, each).await?;
        ensure!(before == 12 * each, "{before}");
        clock.next_day();
        let first = call_until_refused(&nodes).await;
        let rest = call_all(&nodes, u64::MAX).await?;
        check(first, first + rest)?;
        clock.next_day();
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_at_once_never_exceed_it() -> Result<()> {
    let nats = Nats::start().await?;
    let nodes = three(&nats).await?;
    let mut passed = 0;
    let used_up = until("the quota to be used up", AT_MOST, async || {
        let more = call_all(&nodes, u64::MAX).await?;
        passed += more;
        ensure!(passed <= QUOTA, "{passed} calls passed");
        // What an idle gateway holds is handed back in two seconds.
        Ok((passed == QUOTA).then_some(()))
    });
    used_up.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_in_the_middle_takes_little_with_it() -> Result<()> {
    let nats = Nats::start().await?;
    let mut nodes = three(&nats).await?;
    let before = call_all(&nodes, 400).await?;
    alone(nodes.remove(1)).kill();
    let before = before + call_until_refused(&nodes).await;
    let after = call_all(&nodes, u64::MAX).await?;
    check(before, before + after)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_killed_and_restarted_in_the_middle_loses_nothing() -> Result<()> {
    let mut nats = Nats::start().await?;
    let mut nodes = three(&nats).await?;
    let before = call_all(&nodes, 300).await?;
    nats.kill_9()?;
    // Each goes on within its share of what was left.
    let meanwhile = call_all(&nodes, 100).await?;
    ensure!((before, meanwhile) == (3_600, 1_200), "{before} and {meanwhile}");
    ensure!(nodes.iter().all(|node| node.gateway.quotas_alone()), "they know that they are alone");
    nats.start_again().await?;
    together_again(&nodes).await?;
    alone(nodes.remove(2)).kill();
    let before = before + meanwhile + call_until_refused(&nodes).await;
    let after = call_all(&nodes, u64::MAX).await?;
    check(before, before + after)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_stays_away_lets_nobody_exceed_the_quota() -> Result<()> {
    let mut nats = Nats::start().await?;
    let nodes = three(&nats).await?;
    let before = call_all(&nodes, 300).await?;
    nats.kill_9()?;
    let alone = call_all(&nodes, u64::MAX).await?;
    nats.start_again().await?;
    together_again(&nodes).await?;
    let after = call_all(&nodes, u64::MAX).await?;
    let passed = before + alone + after;
    ensure!((9_700..=QUOTA).contains(&passed), "{before}, {alone} alone, {after}");
    Ok(())
}

async fn together_again(nodes: &[Arc<Node>]) -> Result<()> {
    until("the gateways to find the broker again", AT_MOST, async || {
        Ok(nodes.iter().all(|node| !node.gateway.quotas_alone()).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_that_stop_hand_back_what_they_held() -> Result<()> {
    let nats = Nats::start().await?;
    let first = Node::several(&nats, 2, QUOTA).await?;
    for node in first {
        ensure!(node.call(2_000).await == 2_000, "half of it is granted");
        node.stop().await?;
    }
    let second = Node::several(&nats, 1, QUOTA).await?;
    let mut rest = 0;
    for node in second {
        rest += node.call(u64::MAX).await;
    }
    ensure!(rest == QUOTA - 4_000, "{rest}");
    Ok(())
}
