//! Judges so many calls of one kind, for a counter of instructions around it: `decision_cost KIND CALLS`.
//!
//! What a decision costs is the difference of two runs, divided by the difference of their calls: what comes before the calls is the same.

use std::{hint::black_box, net::IpAddr};

use anyhow::{Context as _, Result, bail, ensure};
use domain::{Clock as _, Environment, Timestamp, decision::Outcome};
use gateway::Call;
use tollgate_bench_decisions::population::{Population, WallClock, path, secret};

const KEYS: u32 = 1_000;
/// As many calls as a gateway judges between two flushes.
const CALLS_PER_FLUSH: u32 = 10_000;

/// What is called, and what becomes of it.
struct Kind {
    secrets: Vec<String>,
    outcome: Outcome,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().context("which kind of calls")?;
    let calls: u32 = arguments.next().context("how many calls")?.parse().context("how many calls")?;
    let population = Population::settle(KEYS)?;
    let kind = Kind::named(&name)?;
    let environment = "prod".parse()?;
    let now = WallClock.now();
    for number in 0..calls {
        kind.judge(&population, &environment, number, now)?;
        if number % CALLS_PER_FLUSH == 0 {
            black_box(population.gateway.take_flush(now));
        }
    }
    Ok(())
}

impl Kind {
    fn named(name: &str) -> Result<Self> {
        let genuine =
            || (0..KEYS).map(|number| Ok(secret(number)?.expose().to_owned())).collect::<Result<_>>();
        let (secrets, outcome) = match name {
            "allowed" => (genuine()?, Outcome::Allowed),
            "unknown" => (vec![secret(KEYS + 1)?.expose().to_owned()], Outcome::Unauthenticated),
            "malformed" => (vec!["not-one-of-our-secrets".to_owned()], Outcome::Unauthenticated),
            other => bail!("there are no calls called `{other}`"),
        };
        Ok(Self { secrets, outcome })
    }

    fn judge(
        &self,
        population: &Population,
        environment: &Environment,
        number: u32,
        now: Timestamp,
    ) -> Result<()> {
        let at = usize::try_from(number)? % self.secrets.len();
        let path = path(number);
        let call = Call {
            secret: self.secrets.get(at).map(String::as_str),
            method: "GET",
            host: Some("api.example.com"),
            path: path.split_once('?').map_or(&*path, |(path, _)| path),
            environment,
            address: Some(IpAddr::from([192, 0, 2, 1])),
            user_agent: Some("orders-sync/2.4 (linux; amd64)"),
            cost: None,
            trusted_headers: None,
        };
        let decision = population.gateway.judge(black_box(&call), now);
        ensure!(decision.outcome == self.outcome, "{:?}", decision.reason);
        black_box(decision);
        Ok(())
    }
}
