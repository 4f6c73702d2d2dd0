//! What the control plane asks of gateways: what one of them would decide, and where the counters of all of them stand.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_nats::{Client, Message, StatusCode, Subscriber, connection::State};
use domain::{
    Environment, SharedClock,
    explain::{Explanation, NodeStanding, Question},
};
use futures::StreamExt as _;
use gateway::Gateway;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::MembershipFailure;

const SUBJECT: &str = "tollgate.gateway.v1.ask";
/// Of several gateways one explains.
const ONE_OF_ALL: &str = "gateways";
/// Whoever has not answered by then is left out.
const ANSWER_MAX: Duration = Duration::from_millis(500);
const COUNTERS_MAX: usize = 1_000;

/// A call to explain, with what all gateways have reserved of the shared quotas that it is held against.
#[derive(Debug, Serialize, Deserialize)]
struct ExplainAsk {
    question: Question,
    /// By the account's name in the pool.
    totals: BTreeMap<String, i64>,
}

/// Which counters are asked for, by their names.
#[derive(Debug, Serialize, Deserialize)]
struct StandingAsk {
    counters: Vec<String>,
}

fn subject(environment: &Environment, what: &str) -> String {
    format!("{SUBJECT}.{environment}.{what}")
}

/// Answers for a gateway of an environment until stopped. What cannot be understood is not answered.
///
/// # Errors
/// When the connection cannot be used at all; being down is no error.
pub async fn run(
    client: Client,
    environment: Environment,
    gateway: Arc<Gateway>,
    clock: SharedClock,
    stop: CancellationToken,
) -> Result<(), MembershipFailure> {
    let failed = |source| MembershipFailure::Subscribe { source };
    let explain = subject(&environment, "explain");
    let mut explain = client.queue_subscribe(explain, ONE_OF_ALL.to_owned()).await.map_err(failed)?;
    let mut standing = client.subscribe(subject(&environment, "standing")).await.map_err(failed)?;
    loop {
        let (message, answer) = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            message = explain.next() => {
                let message = message.ok_or(MembershipFailure::Closed)?;
                let answer = explained(&message, &gateway);
                (message, answer)
            }
            message = standing.next() => {
                let message = message.ok_or(MembershipFailure::Closed)?;
                let answer = stands(&message, &gateway, &clock);
                (message, answer)
            }
        };
        if let (Some(reply), Some(answer)) = (message.reply, answer) {
            // Who asked hears nothing then, as if this gateway were gone.
            let _sent = client.publish(reply, answer.into()).await;
        }
    }
}

fn explained(message: &Message, gateway: &Gateway) -> Option<Vec<u8>> {
    let ExplainAsk { question, totals } = serde_json::from_slice(&message.payload).ok()?;
    let explanation = gateway.explain(&question, |account| totals.get(account).copied())?;
    serde_json::to_vec(&explanation).ok()
}

fn stands(message: &Message, gateway: &Gateway, clock: &SharedClock) -> Option<Vec<u8>> {
    let StandingAsk { counters } = serde_json::from_slice(&message.payload).ok()?;
    let counters = counters.get(..COUNTERS_MAX).unwrap_or(&counters);
    serde_json::to_vec(&gateway.standing(counters, clock.now())).ok()
}

/// Asks gateways over the bus.
#[derive(Clone, Debug)]
pub struct GatewayAsker {
    client: Client,
}

impl GatewayAsker {
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// What one gateway of the environment would decide. None when none of them answers in time.
    pub async fn explain(&self, question: Question, totals: BTreeMap<String, i64>) -> Option<Explanation> {
        let of = subject(&question.environment, "explain");
        let ask = serde_json::to_vec(&ExplainAsk { question, totals }).ok()?;
        self.is_connected().then_some(())?;
        let answer = timeout(ANSWER_MAX, self.client.request(of, ask.into())).await.ok()?.ok()?;
        read(&answer)
    }

    /// Where the counters stand on every gateway of the environment that answers in time.
    pub async fn standing(&self, environment: &Environment, counters: Vec<String>) -> Vec<NodeStanding> {
        let deadline = Instant::now() + ANSWER_MAX;
        match self.ask_all(environment, counters).await {
            Some(answers) => gather(answers, deadline).await,
            None => vec![],
        }
    }

    async fn ask_all(&self, environment: &Environment, counters: Vec<String>) -> Option<Subscriber> {
        self.is_connected().then_some(())?;
        let ask = serde_json::to_vec(&StandingAsk { counters }).ok()?;
        let inbox = self.client.new_inbox();
        let answers = self.client.subscribe(inbox.clone()).await.ok()?;
        let of = subject(environment, "standing");
        self.client.publish_with_reply(of, inbox, ask.into()).await.ok()?;
        Some(answers)
    }

    fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }
}

/// Until as many have answered as they say there are, or the time is up.
async fn gather(mut answers: Subscriber, deadline: Instant) -> Vec<NodeStanding> {
    let mut nodes: Vec<NodeStanding> = vec![];
    while let Ok(Some(answer)) = timeout_at(deadline, answers.next()).await {
        if answer.status == Some(StatusCode::NO_RESPONDERS) {
            break;
        }
        nodes.extend(read::<NodeStanding>(&answer));
        let live = nodes.iter().map(|node| node.live_nodes).max().unwrap_or(1);
        if nodes.len() >= usize::try_from(live).unwrap_or(usize::MAX) {
            break;
        }
    }
    nodes.sort_by(|one, other| one.node.cmp(&other.node));
    nodes
}

fn read<T: DeserializeOwned>(message: &Message) -> Option<T> {
    serde_json::from_slice(&message.payload).ok()
}
