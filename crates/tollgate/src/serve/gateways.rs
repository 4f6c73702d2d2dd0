//! The gateways as the admin API asks them: what this process knows of the log, and the counters of those that judge calls.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use api::{Answering, CallAsked, EffectiveAsked, Gateways, GatewaysAway, UsageOf, Who};
use domain::{
    Environment, SharedClock,
    decision::RefusalReason,
    explain::{Claim, EffectivePolicies, Explanation, LimitUse, NodeStanding, Question},
};
use eventlog::EventLog;
use gateway::{Gateway, PoolKey, QuotaPool as _, Reservation, Subject, Tracked};
use gateway_bus::{GatewayAsker, NatsPool};
use secrecy::ExposeSecret;

/// How long an answer waits until this process knows all that was on record when it was asked.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(1);

/// Answers from the index that this process keeps; of counters it asks the others, where there are others.
pub(super) struct KnownGateways {
    pub(super) own: Arc<Gateway>,
    /// Whether this process judges calls itself.
    pub(super) judges: bool,
    /// Over the bus; None where all is in this process.
    pub(super) others: Option<(GatewayAsker, NatsPool)>,
    pub(super) log: EventLog,
    pub(super) clock: SharedClock,
    pub(super) environment: Environment,
}

impl Gateways for KnownGateways {
    fn explain(&self, asked: CallAsked) -> Answering<'_, Explanation> {
        Box::pin(async move {
            self.catch_up().await?;
            let question = self.question(asked);
            let Some(own) = self.own.explain(&question, |_| None) else { return Ok(None) };
            let Some((asker, _)) = &self.others else { return Ok(Some(own)) };
            let totals = self.totals(self.own.pools_of(&own)).await;
            let of_a_gateway = asker.explain(question, totals).await;
            Ok(Some(of_a_gateway.unwrap_or(Explanation { counted: false, ..own })))
        })
    }

    fn effective(&self, asked: EffectiveAsked) -> Answering<'_, EffectivePolicies> {
        Box::pin(async move {
            self.catch_up().await?;
            let EffectiveAsked { client_id, route_id, environment, at } = asked;
            let environment = environment.as_ref().unwrap_or(&self.environment);
            Ok(self.own.effective(client_id, route_id, environment, at))
        })
    }

    fn usage(&self, of: UsageOf, environment: Option<Environment>) -> Answering<'_, Vec<LimitUse>> {
        Box::pin(async move {
            self.catch_up().await?;
            let subject = match of {
                UsageOf::Client(id) => Subject::Client(id),
                UsageOf::Key(id) => Subject::Key(id),
            };
            let Some(all) = self.own.environments_of(subject) else { return Ok(None) };
            let environments = environment.map_or(all, |one| vec![one]);
            let mut uses = vec![];
            for environment in environments {
                uses.extend(self.usage_in(subject, &environment).await);
            }
            Ok(Some(uses))
        })
    }
}

impl KnownGateways {
    /// Waits, for a bounded time, until what was on record is known here.
    async fn catch_up(&self) -> Result<(), GatewaysAway> {
        let head = self.log.head();
        let mut position = self.own.watch_position();
        let known = position.wait_for(|known| *known >= head);
        // Late, it is the answer of what is known, and says how much of the log that is.
        let _late = tokio::time::timeout(CAUGHT_UP_WITHIN, known).await.is_err();
        if self.own.ready() { Ok(()) } else { Err(GatewaysAway) }
    }

    fn question(&self, asked: CallAsked) -> Question {
        let CallAsked { who, method, host, path, environment, address, cost, at } = asked;
        let claim = match who {
            Who::Secret(secret) => self.own.identify(Some(secret.expose_secret())),
            Who::Key(id) => Claim::Key(id),
            Who::Client(id) => Claim::Client(id),
            Who::Nobody => Claim::Refused(RefusalReason::MissingSecret),
        };
        let environment = environment.or_else(|| self.own.environment_of(&claim));
        let environment = environment.unwrap_or_else(|| self.environment.clone());
        Question { claim, method, host, path, environment, address, cost, at }
    }

    async fn usage_in(&self, subject: Subject, environment: &Environment) -> Vec<LimitUse> {
        let tracked = self.own.tracked(subject, environment, self.clock.now()).unwrap_or_default();
        let counters = tracked.iter().map(|tracked| tracked.counter().to_owned()).collect();
        let nodes = self.standing(environment, counters).await;
        let totals = self.totals(tracked.iter().filter_map(Tracked::pool).cloned().collect()).await;
        let total = |tracked: &Tracked| tracked.pool().and_then(|pool| totals.get(&pool.account)).copied();
        let now = self.clock.now();
        tracked.iter().map(|tracked| tracked.sum(&nodes, total(tracked), now)).collect()
    }

    async fn standing(&self, environment: &Environment, counters: Vec<String>) -> Vec<NodeStanding> {
        match &self.others {
            Some((asker, _)) => asker.standing(environment, counters).await,
            None if self.judges => vec![self.own.standing(&counters, self.clock.now())],
            None => vec![],
        }
    }

    /// What all gateways together have reserved, as far as the pool answers.
    async fn totals(&self, pools: Vec<PoolKey>) -> BTreeMap<String, i64> {
        let Some((_, pool)) = &self.others else { return BTreeMap::new() };
        let asked = pools.into_iter().map(async |key| {
            let account = key.account.clone();
            let id = format!("{:032x}", rand::random::<u128>());
            let total = pool.reserve(&Reservation { key, amount: 0, id }).await.ok()?;
            Some((account, total))
        });
        futures::future::join_all(asked).await.into_iter().flatten().collect()
    }
}
