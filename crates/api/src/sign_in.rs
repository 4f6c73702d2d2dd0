//! Ways in beside our own tokens: sessions of people, tokens of other issuers that machines show; and what failing costs.

mod cookies;
mod known;
mod people;
mod store;

use std::{fmt, sync::Arc};

use domain::{
    Timestamp,
    access::{GrantScope, HeldGrant, Role, Source},
    secret::Peppers,
};
use projections::ReadModel;
use serde::{Deserialize, Serialize};
use sign_in::{
    BudgetSettings, CodeFlow, Failures, Identity, Machines, Origin, Provider, Rule, SessionLimits,
    SessionStore, Sessions,
};
use zeroize::Zeroizing;

pub(crate) use cookies::Cookies;
pub(crate) use known::{InSession, Known};
pub(crate) use people::admit;

/// A role that claims give, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub role: Role,
    pub scope: GrantScope,
}

impl Given {
    /// As a grant that ends with what it comes from.
    pub(crate) fn held(self, until: Timestamp) -> HeldGrant {
        let Self { role, scope } = self;
        HeldGrant { role, scope, until: Some(until), source: Source::Claims }
    }
}

/// How people sign in.
#[derive(Debug)]
pub struct People {
    pub flow: CodeFlow,
    pub rules: Vec<Rule<Given>>,
    /// Whether somebody comes in whom nobody has added.
    pub admit_unknown: bool,
}

/// An issuer whose tokens machines show.
#[derive(Debug)]
pub struct Issuer {
    pub provider: Arc<Provider>,
    /// What its tokens have to name as `aud`.
    pub audience: String,
    pub rules: Vec<Rule<Given>>,
}

/// Who may come in otherwise than by a token of ours.
pub struct SignIn {
    pub(crate) people: Option<People>,
    pub(crate) machines: Machines,
    rules: Vec<Vec<Rule<Given>>>,
    pub(crate) sessions: Sessions,
    pub(crate) failures: Failures,
    pub(crate) origin: Origin,
    pub(crate) cookies: Cookies,
}

impl SignIn {
    /// With sessions beside the read models; the origin is where browsers reach us.
    #[must_use]
    pub fn new(read: ReadModel, origin: Origin, limits: SessionLimits, budget: BudgetSettings) -> Self {
        let store: Arc<dyn SessionStore> = Arc::new(store::StoredSessions::new(read));
        let cookies = Cookies::for_origin(&origin);
        Self {
            people: None,
            machines: Machines::default(),
            rules: vec![],
            sessions: Sessions::new(store, limits),
            failures: Failures::new(budget),
            origin,
            cookies,
        }
    }

    /// And people may sign in.
    #[must_use]
    pub fn with_people(self, people: Option<People>) -> Self {
        Self { people, ..self }
    }

    /// And machines may show tokens of these.
    #[must_use]
    pub fn with_machines(self, issuers: Vec<Issuer>) -> Self {
        let (mut trusted, mut rules) = (vec![], vec![]);
        for Issuer { provider, audience, rules: own } in issuers {
            trusted.push((provider, audience));
            rules.push(own);
        }
        Self { machines: Machines::new(trusted), rules, ..self }
    }

    /// What the claims of a machine give.
    fn given_to_machine(&self, issuer: usize, identity: &Identity) -> Vec<HeldGrant> {
        let rules = self.rules.get(issuer).map(Vec::as_slice).unwrap_or_default();
        let given = sign_in::given(rules, &identity.claims);
        given.into_iter().map(|given| given.held(identity.expires_at)).collect()
    }

    /// Drops sessions that have ended by themselves.
    pub async fn sweep(&self, now: Timestamp) {
        match self.sessions.sweep(now).await {
            Ok(0) => {}
            Ok(ended) => tracing::debug!(sessions.ended = ended, "Dropped {ended} sessions that had ended"),
            Err(failure) => tracing::warn!(error = %failure, "Cannot drop sessions that have ended"),
        }
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("people", &self.people).finish_non_exhaustive()
    }
}

/// The key that sign-ins under way are sealed with, the same in every process: derived from the newest pepper.
#[must_use]
pub fn sealing_key(peppers: &Peppers) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(peppers.digest_chosen("tollgate: the key that sign-ins are sealed with").hmac)
}
