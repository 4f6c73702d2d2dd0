//! A command that was given before: what came of it, told to whoever could give it still.

use std::str::FromStr;

use domain::{
    Aggregate as _, access::Permission, api_client::ApiClient, api_key::ApiKey, approval::Approval,
    approval_rule::ApprovalRule, erasure::Erasure, grant::GivenGrant, notification_rule::NotificationRule,
    operation::Operation, principal::Account, rate_limit_policy::RateLimitPolicy, route::Route,
    scheduled_change::ScheduledChange, webhook::Webhook,
};
use eventlog::Remembered;

use super::{Ask, Effect};
use crate::{
    dry_run::Instead,
    facts::Guarded,
    guard::{Allowed, Needs},
    idempotency::Claim,
    path::Named,
    problem::{Problem, kinds},
};

pub(super) async fn recall<P: Needs>(
    allowed: &Allowed<P>,
    claim: &Claim,
) -> Result<Option<Remembered>, Problem> {
    let remembered = allowed.log().recall(&claim.idempotency().key).await;
    let remembered = remembered.map_err(|failure| Problem::failed(&failure))?;
    remembered.map(|remembered| claim.check(remembered)).transpose()
}

impl<P: Needs, W, Q> Ask<P, W, Q> {
    /// What the command did if it was given before; else what it does now.
    pub(crate) async fn once<Id: FromStr>(
        &self,
        now: impl Future<Output = Result<Effect<Id>, Instead>>,
    ) -> Result<Effect<Id>, Instead> {
        match &self.remembered {
            Some(remembered) => {
                self.still_reaches(remembered).await?;
                Ok(self.replayed(remembered).await?)
            }
            None => now.await,
        }
    }

    /// Refuses to tell what came of a command to somebody who has lost sight of what it was about, or may not give it
    /// any more.
    async fn still_reaches(&self, remembered: &Remembered) -> Result<(), Problem> {
        let Remembered { aggregate_type, aggregate_id, .. } = remembered;
        match aggregate_type.as_str() {
            ApiClient::TYPE => self.reaches_again::<ApiClient>(aggregate_id).await,
            ApiKey::TYPE => self.reaches_again::<ApiKey>(aggregate_id).await,
            Route::TYPE => self.reaches_again::<Route>(aggregate_id).await,
            RateLimitPolicy::TYPE => self.reaches_again::<RateLimitPolicy>(aggregate_id).await,
            ScheduledChange::TYPE => self.reaches_again::<ScheduledChange>(aggregate_id).await,
            Operation::TYPE => self.reaches_again::<Operation>(aggregate_id).await,
            Account::TYPE => self.reaches_again::<Account>(aggregate_id).await,
            GivenGrant::TYPE => self.reaches_again::<GivenGrant>(aggregate_id).await,
            Erasure::TYPE => self.reaches_again::<Erasure>(aggregate_id).await,
            Approval::TYPE => self.reaches_again::<Approval>(aggregate_id).await,
            ApprovalRule::TYPE => self.reaches_again::<ApprovalRule>(aggregate_id).await,
            Webhook::TYPE => self.reaches_again::<Webhook>(aggregate_id).await,
            NotificationRule::TYPE => self.reaches_again::<NotificationRule>(aggregate_id).await,
            // Nothing else is commanded here: what nobody has thought of is not told.
            _ => Err(Problem::new(kinds::IDEMPOTENCY_KEY_REUSED)),
        }
    }

    async fn reaches_again<A>(&self, id: &str) -> Result<(), Problem>
    where
        A: Guarded,
        A::Id: Named,
    {
        let id: A::Id = id.parse().map_err(|_| Problem::new(kinds::IDEMPOTENCY_KEY_REUSED))?;
        let (_, facts) = self.judge::<A>(id).await?;
        let facts = facts.ok_or_else(<A::Id as Named>::missing)?;
        // An order on many things is its giver's; and a limit is reset for a client, which its policy does not know.
        let seen_is_enough =
            [Operation::TYPE, Approval::TYPE].contains(&A::TYPE) || P::PERMISSION == Permission::LimitReset;
        if seen_is_enough { Ok(()) } else { self.allow(&facts).map(drop) }
    }

    pub(super) async fn replayed<Id: FromStr>(&self, remembered: &Remembered) -> Result<Effect<Id>, Problem> {
        let Remembered { request_digest: _, aggregate_type: _, aggregate_id, version, place } = remembered;
        // The digest covers the path: a command that is remembered is about the same kind of thing.
        let id = aggregate_id.parse().map_err(|_| Problem::new(kinds::IDEMPOTENCY_KEY_REUSED))?;
        let position = self.position(*place).await;
        Ok(Effect { id, version: *version, position, aggregate_type: None, replayed: true })
    }
}
