//! Nodes come, fall silent and leave on a clock that the tests move.

use super::*;

const SOON: Duration = Duration::from_secs(5);

fn heard(node: &str, position: u64) -> Heard {
    Heard {
        environment: "prod".parse().unwrap(),
        node: node.to_owned(),
        boot: "1".to_owned(),
        position: Position::new(position),
        stale: false,
        leaving: false,
    }
}

fn say(nodes: &GatewayNodes, heard: Heard) {
    nodes.hear(heard, Timestamp::UNIX_EPOCH, Position::new(10));
}

/// Listens for long enough to have heard whoever lives.
async fn listening() -> GatewayNodes {
    let nodes = GatewayNodes::listening();
    pass(2_000).await;
    nodes
}

async fn pass(ms: u64) {
    tokio::time::advance(Duration::from_millis(ms)).await;
}

fn states(nodes: &GatewayNodes) -> Vec<(String, NodeState)> {
    nodes.standings().into_iter().map(|one| (one.heard.node + "/" + &one.heard.boot, one.state)).collect()
}

/// What every node is known to have applied, in milliseconds, with its state at the end.
fn told(receipt: &Receipt) -> Vec<(&str, Option<u128>, NodeState)> {
    let mut told = vec![];
    for NodeReceipt { standing, applied_after } in &receipt.nodes {
        told.push((&*standing.heard.node, applied_after.map(|after| after.as_millis()), standing.state));
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_the_last_node_that_lives_has_it() {
    let nodes = listening().await;
    say(&nodes, heard("a", 9));
    say(&nodes, heard("b", 8));
    let waiting = nodes.applied(Position::new(9), SOON);
    let telling = async {
        pass(30).await;
        say(&nodes, heard("b", 9));
    };
    let (receipt, ()) = tokio::join!(waiting, telling);
    assert_eq!(receipt.unapplied, None);
    assert_eq!(told(&receipt), [("a", Some(0), NodeState::Live), ("b", Some(30), NodeState::Live)]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_follow_is_waited_for_and_named() {
    let nodes = listening().await;
    say(&nodes, heard("slow", 8));
    let beating = async {
        loop {
            say(&nodes, heard("slow", 8));
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    let receipt = tokio::select! {
        receipt = nodes.applied(Position::new(9), SOON) => receipt,
        () = beating => unreachable!(),
    };
    assert_eq!(receipt.unapplied, Some(Unapplied::TimedOut));
    assert_eq!(told(&receipt), [("slow", None, NodeState::Live)]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_falls_silent_is_given_up_and_named() {
    let nodes = listening().await;
    say(&nodes, heard("a", 9));
    say(&nodes, heard("dead", 8));
    let began = Instant::now();
    let receipt = nodes.applied(Position::new(9), SOON).await;
    assert!(
        began.elapsed() < SILENT_AFTER + SILENT_AFTER / 8 + Duration::from_millis(1),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(receipt.unapplied, Some(Unapplied::Silent), "it may judge by what it knows");
    assert_eq!(told(&receipt), [("a", Some(0), NodeState::Silent), ("dead", None, NodeState::Silent)]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_is_not_waited_for() {
    let nodes = listening().await;
    say(&nodes, heard("a", 9));
    say(&nodes, heard("leaving", 8));
    let telling = async {
        pass(10).await;
        say(&nodes, Heard { leaving: true, ..heard("leaving", 8) });
    };
    let (receipt, ()) = tokio::join!(nodes.applied(Position::new(9), SOON), telling);
    assert_eq!(receipt.unapplied, None);
    assert_eq!(told(&receipt), [("a", Some(0), NodeState::Live), ("leaving", None, NodeState::Left)]);
    pass(61_000).await;
    assert_eq!(states(&nodes), [("a/1".to_owned(), NodeState::Silent)]);
}

#[tokio::test(start_paused = true)]
async fn without_a_node_nothing_is_applied() {
    let nodes = GatewayNodes::listening();
    let began = Instant::now();
    let receipt = nodes.applied(Position::new(9), SOON).await;
    assert_eq!((receipt.unapplied, receipt.nodes), (Some(Unapplied::NoNodes), vec![]));
    assert_eq!(began.elapsed().as_millis(), 1_250, "whoever lives is given time to say so");
    say(&nodes, heard("a", 8));
    say(&nodes, Heard { leaving: true, ..heard("a", 8) });
    let receipt = nodes.applied(Position::new(9), SOON).await;
    assert_eq!(receipt.unapplied, Some(Unapplied::NoNodes), "who has left judges no calls");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_speaks_up_during_the_wait_is_waited_for() {
    let nodes = GatewayNodes::listening();
    say(&nodes, heard("a", 9));
    let telling = async {
        pass(600).await;
        say(&nodes, heard("b", 8));
        pass(800).await;
        say(&nodes, heard("b", 9));
    };
    let (receipt, ()) = tokio::join!(nodes.applied(Position::new(9), SOON), telling);
    assert_eq!(receipt.unapplied, None);
    assert_eq!(receipt.nodes.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_new_run_takes_the_place_of_one_that_is_not_heard_any_more() {
    let nodes = listening().await;
    say(&nodes, heard("a", 5));
    let second = || Heard { boot: "2".to_owned(), ..heard("a", 6) };
    say(&nodes, second());
    assert_eq!(states(&nodes).len(), 2, "both are heard: two nodes of one name");
    pass(1_500).await;
    say(&nodes, second());
    pass(600).await;
    assert_eq!(states(&nodes), [("a/2".to_owned(), NodeState::Live)]);
}

#[tokio::test(start_paused = true)]
async fn a_position_never_goes_back_and_lag_is_told_from_when_there_was_none() {
    let nodes = listening().await;
    say(&nodes, heard("a", 10));
    pass(400).await;
    nodes.hear(heard("a", 9), Timestamp::UNIX_EPOCH, Position::new(12));
    let [standing] = nodes.standings().try_into().unwrap();
    assert_eq!((standing.heard.position.get(), standing.since_caught_up.as_millis()), (10, 400));
    nodes.hear(heard("a", 12), Timestamp::UNIX_EPOCH, Position::new(12));
    let [standing] = nodes.standings().try_into().unwrap();
    assert_eq!(standing.since_caught_up, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn nobody_fills_the_memory() {
    let nodes = listening().await;
    for n in 0..=NODES_MAX {
        say(&nodes, heard(&format!("n{n}"), 1));
    }
    assert_eq!(nodes.standings().len(), NODES_MAX);
    say(&nodes, Heard { leaving: true, ..heard("unknown", 1) });
    assert_eq!(nodes.standings().len(), NODES_MAX);
}
