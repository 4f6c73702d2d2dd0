//! What a request may do and see: each judgement, and what is handed out by it.

use std::sync::Arc;

use domain::{
    access::{self, Access, Grant, GrantScope, Permission, Principal, Reach, ResourceFacts},
    approval::Need,
};
use eventlog::Loaded;

use super::{Allowed, Asking, Needs, authorize, judged};
use crate::{circumstances::Circumstances, facts::Guarded, observe::Doer, problem::Problem};

impl<P: Needs> Allowed<P> {
    /// Whether the principal may do what the handler is for to this thing, and by which grant.
    pub(crate) fn allow(&self, facts: &ResourceFacts) -> Result<Grant, Problem> {
        self.allow_also(P::PERMISSION, facts)
    }

    /// The same of a second permission, for those who ask for more than the handler always gives.
    pub(crate) fn allow_also(&self, permission: Permission, facts: &ResourceFacts) -> Result<Grant, Problem> {
        let grant = authorize(&self.asking(), permission, facts)?;
        self.note(permission, facts);
        Ok(grant)
    }

    fn asking(&self) -> Asking<'_> {
        Asking { door: &self.door, principal: &self.principal, circumstances: &self.circumstances }
    }

    pub(super) fn note(&self, permission: Permission, facts: &ResourceFacts) {
        let need = Need { permission, facts: facts.clone() };
        let mut judged = self.judged.lock();
        if permission.access() == Access::Write && !judged.contains(&need) {
            judged.push(need);
        }
    }

    /// What was allowed so far that acts.
    pub(crate) fn judged(&self) -> Vec<Need> {
        self.judged.lock().clone()
    }

    /// The same where it does not matter what for.
    pub(crate) fn also(&self, permission: Permission) -> Result<Grant, Problem> {
        judged(&self.asking(), access::holds(&self.principal, permission, self.now()), permission)
    }

    /// The same of all that a grant in this scope would reach.
    pub(crate) fn covers(&self, permission: Permission, scope: &GrantScope) -> Result<Grant, Problem> {
        let judgement = access::covers(&self.principal, permission, scope, self.now());
        judged(&self.asking(), judgement, permission)
    }

    /// What let the request in at all.
    pub(crate) fn grant(&self) -> Grant {
        self.grant.clone()
    }

    /// Whether the principal sees this thing.
    pub(crate) fn sees(&self, permission: Permission, facts: &ResourceFacts) -> bool {
        access::authorize(&self.principal, permission, facts, self.now()).is_ok()
    }

    /// Refuses to know of what the principal does not see.
    pub(crate) fn reveals(
        &self,
        facts: &ResourceFacts,
        missing: impl FnOnce() -> Problem,
    ) -> Result<(), Problem> {
        if self.sees(P::PERMISSION, facts) {
            return Ok(());
        }
        self.asking().observe(P::PERMISSION);
        Err(missing())
    }

    /// Who asks, for what is to be on record of it.
    pub(crate) fn doer(&self) -> Doer {
        Doer::known(&self.principal, &self.grant.describe())
    }

    pub(crate) fn circumstances(&self) -> &Circumstances {
        &self.circumstances
    }

    /// How far the principal sees by what the handler is for: what lists are narrowed to.
    pub(crate) fn reach(&self) -> Reach {
        access::reach(&self.principal, P::PERMISSION, self.now())
    }

    /// The same for everything that this request sets in motion.
    pub(crate) fn correlation_id(&self) -> &str {
        &self.circumstances.correlation_id
    }

    /// Whether the principal holds another permission, where less is shown to those who do not.
    pub(crate) fn holds(&self, permission: Permission) -> bool {
        access::holds(&self.principal, permission, self.now()).is_ok()
    }

    /// The grant that allowed the request: `role:admin`.
    pub(crate) fn allowed_by(&self) -> String {
        self.grant.describe()
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The aggregate as it stands. One that the principal does not see is nothing, like one that is not there.
    pub(crate) async fn load<A: Guarded>(&self, id: A::Id) -> Result<Loaded<A>, Problem> {
        self.judge(id).await.map(|(loaded, _)| loaded)
    }

    /// The same, with whose it is.
    pub(crate) async fn judge<A: Guarded>(
        &self,
        id: A::Id,
    ) -> Result<(Loaded<A>, Option<ResourceFacts>), Problem> {
        let log = &self.door.api.log;
        let failed = |failure| Problem::failed(&failure);
        let loaded = Box::pin(log.load::<A>(id)).await.map_err(failed)?;
        let facts = loaded.state.facts(log, &self.principal).await.map_err(failed)?;
        let seen_by = loaded.state.seen_by();
        // Everybody sees themselves.
        let own = self.principal.id == id.to_string();
        match facts {
            Some(facts) if own || self.sees(seen_by, &facts) => return Ok((loaded, Some(facts))),
            // It is there, and not for them.
            Some(_) => self.asking().observe(seen_by),
            None => {}
        }
        Ok((Loaded { state: Arc::new(A::default()), version: 0 }, None))
    }
}
