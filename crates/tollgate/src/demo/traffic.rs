//! Bounded traffic at the gateway door: good calls, calls too many, calls that may not, and a wrong secret.

use std::{collections::BTreeMap, fmt, net::SocketAddr};

use anyhow::Context;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Value, json};

/// So many calls are under way at once.
const AT_ONCE: usize = 8;

/// Who calls.
pub(super) struct Caller {
    pub(super) client_id: String,
    pub(super) secret: String,
}

/// How many calls had which outcome.
pub(super) struct Tally(BTreeMap<(String, String), u32>);

/// The calls of the demo, always the same for the same number: mostly orders read, some written, a statement now
/// and then, and every twentieth with a secret that nobody holds.
fn call(callers: &[Caller], number: u32) -> Value {
    let caller = usize::try_from(number).ok().and_then(|at| callers.get(at % callers.len()));
    let secret = caller.map(|caller| caller.secret.as_str()).unwrap_or_default();
    match number % 20 {
        19 => json!({ "secret": "tg_prod_nobody-holds-this", "method": "GET", "path": "/orders/1" }),
        17 | 18 => json!({ "secret": secret, "method": "POST", "path": "/orders" }),
        16 => json!({ "secret": secret, "method": "GET", "path": "/statements/2026-01" }),
        _ => json!({ "secret": secret, "method": "GET", "path": format!("/orders/{number}") }),
    }
}

/// Sends them all and counts the answers.
pub(super) async fn send(door: SocketAddr, callers: &[Caller], calls: u32) -> anyhow::Result<Tally> {
    let http = reqwest::Client::builder().no_proxy().build().context("cannot prepare calls")?;
    let url = format!("http://{door}/v1/verify");
    let answers = stream::iter(0..calls).map(|number| {
        let request = http.post(&url).json(&call(callers, number));
        async move {
            let answer = request.send().await.context("the gateway door does not answer")?;
            answer
                .error_for_status()
                .context("the gateway door refused the question")?
                .json::<Value>()
                .await
                .context("the answer broke off")
        }
    });
    answers
        .buffer_unordered(AT_ONCE)
        .try_fold(Tally(BTreeMap::new()), |mut tally, answer| async move {
            let text = |field: &str| answer.get(field).and_then(Value::as_str).unwrap_or("-").to_owned();
            *tally.0.entry((text("outcome"), text("reason"))).or_default() += 1;
            Ok(tally)
        })
        .await
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((outcome, reason), calls) in &self.0 {
            let reason =
                if reason == "-" || reason == outcome { String::new() } else { format!(" ({reason})") };
            writeln!(f, "  {calls:>6}  {outcome}{reason}")?;
        }
        Ok(())
    }
}
