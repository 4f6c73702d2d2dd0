//! The fold behind the index.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    DomainEvent, GrantId, Name, PrincipalId, Recorded, Timestamp,
    access::{GrantScope, HeldGrant, Role, Source},
    erasure::{Erased, ErasureEvent, Holder},
    grant::{Given, GrantEvent},
    personal::{Personal, PersonalValues},
    principal::{PersonAdded, PrincipalEvent, ServiceAccountMade, TokenRotated},
    secret::{Locator, SecretDigest},
};

use super::approvals::Approvals;

/// Everything that the index knows.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) people: HashMap<PrincipalId, Known>,
    pub(super) tokens: HashMap<Locator, Token>,
    grants: BTreeMap<GrantId, (PrincipalId, HeldGrant)>,
    held: HashMap<PrincipalId, BTreeSet<GrantId>>,
    identities: HashMap<(String, String), PrincipalId>,
    pub(super) claim: Claim,
    /// Claims whose grants are not on record yet, by these.
    pub(super) unfinished: BTreeMap<GrantId, PrincipalId>,
    pub(super) approvals: Approvals,
}

/// A person or a service account.
#[derive(Debug)]
pub(super) struct Known {
    /// None: a person.
    pub(super) team: Option<Name>,
    pub(super) enabled: bool,
    /// Under which identity a person is found, and what of it commits to that.
    identity: Option<(Personal, (String, String))>,
    glass: Option<Timestamp>,
    /// The token that lives, and the one before it.
    tokens: Vec<Locator>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    /// None: the claim's, which is nobody's yet.
    pub(super) of: Option<PrincipalId>,
    pub(super) digest: SecretDigest,
    pub(super) until: Timestamp,
}

/// Whether the installation waits for its first administrator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Claim {
    /// By the token that the installation began with.
    #[default]
    First,
    /// Nobody can claim it.
    Made,
    /// By a token that somebody with access to the machine has made.
    Reopened { by: Locator },
}

impl State {
    pub(super) fn apply(&mut self, recorded: &Recorded) {
        match &recorded.event {
            DomainEvent::Principal { id, event } => self.principal(*id, event, &recorded.personal),
            DomainEvent::Grant { id, event } => self.grant(*id, event),
            DomainEvent::Approval { id, event } => self.approvals.approval(*id, event, recorded),
            DomainEvent::ApprovalRule { id, event } => self.approvals.rule(*id, event, recorded),
            DomainEvent::ApiClient { .. }
            | DomainEvent::ApiKey { .. }
            | DomainEvent::Route { .. }
            | DomainEvent::RateLimitPolicy { .. }
            | DomainEvent::Projection { .. }
            | DomainEvent::Operation { .. }
            | DomainEvent::ScheduledChange { .. }
            | DomainEvent::Observation { .. }
            | DomainEvent::Webhook { .. }
            | DomainEvent::NotificationRule { .. } => {}
            DomainEvent::Erasure { event: ErasureEvent::Erased(erased), .. } => self.forget(erased),
        }
    }

    fn principal(&mut self, id: PrincipalId, event: &PrincipalEvent, personal: &PersonalValues) {
        use PrincipalEvent as E;
        match event {
            E::PersonAdded(added) => self.person(id, added, personal),
            E::ServiceAccountMade(ServiceAccountMade { name: _, team }) => {
                self.know(id, Some(team.clone()));
            }
            E::TokenIssued(issued) => {
                self.drop_tokens(id);
                self.put(Some(id), issued.secret.locator, issued.secret.digest, issued.expires_at);
            }
            E::TokenRotated(rotated) => self.rotate(id, rotated),
            E::TokensRevoked(_) => self.drop_tokens(id),
            E::Disabled(_) => self.change(id, |known| known.enabled = false),
            E::Enabled(_) => self.change(id, |known| known.enabled = true),
            E::InstallationClaimed(claimed) => {
                self.end_claim();
                // The grant has an event of its own, which may not have been reached: until then this one gives it.
                let (role, scope) = (Role::Admin, GrantScope::All);
                let source = Source::Grant(claimed.grant_id);
                self.unfinished.insert(claimed.grant_id, id);
                self.hold(claimed.grant_id, id, HeldGrant { role, scope, until: None, source });
            }
            E::ClaimReopened(reopened) => {
                self.end_claim();
                let by = reopened.secret.locator;
                self.put(None, by, reopened.secret.digest, reopened.expires_at);
                self.claim = Claim::Reopened { by };
            }
            E::BreakGlassOpened(opened) => self.change(id, |known| known.glass = Some(opened.until)),
            E::BreakGlassClosed(_) => self.change(id, |known| known.glass = None),
        }
    }

    fn person(&mut self, id: PrincipalId, added: &PersonAdded, personal: &PersonalValues) {
        self.know(id, None);
        let PersonAdded { name: _, email: _, identity } = added;
        let Some(identity) = identity else { return };
        // Once erased, nobody is found by it any more.
        if let Some(subject) = personal.get(&identity.subject) {
            let named = (identity.issuer.clone(), subject.to_string());
            self.identities.insert(named.clone(), id);
            self.change(id, |known| known.identity = Some((identity.subject, named)));
        }
    }

    /// Nobody is found by what is erased.
    fn forget(&mut self, erased: &Erased) {
        let Holder::Principal { principal_id } = erased.of else { return };
        let Some(known) = self.people.get_mut(&principal_id) else { return };
        let is_gone = |(of, _): &mut (Personal, _)| erased.values.iter().any(|value| value.commitment == *of);
        if let Some((_, named)) = known.identity.take_if(is_gone) {
            self.identities.remove(&named);
        }
    }

    fn know(&mut self, id: PrincipalId, team: Option<Name>) {
        self.people.insert(id, Known { team, enabled: true, identity: None, glass: None, tokens: vec![] });
    }

    fn change(&mut self, id: PrincipalId, change: impl FnOnce(&mut Known)) {
        if let Some(known) = self.people.get_mut(&id) {
            change(known);
        }
    }

    fn rotate(&mut self, id: PrincipalId, rotated: &TokenRotated) {
        let TokenRotated { secret, previous_until, expires_at } = rotated;
        let before = self.people.get(&id).and_then(|known| known.tokens.first().copied());
        // Of those before, only the one that was followed lives on.
        if let Some(known) = self.people.get_mut(&id) {
            for older in known.tokens.split_off(known.tokens.len().min(1)) {
                self.tokens.remove(&older);
            }
        }
        if let Some(token) = before.and_then(|before| self.tokens.get_mut(&before)) {
            token.until = *previous_until;
        }
        self.put(Some(id), secret.locator, secret.digest, *expires_at);
    }

    fn put(&mut self, of: Option<PrincipalId>, locator: Locator, digest: SecretDigest, until: Timestamp) {
        self.tokens.insert(locator, Token { of, digest, until });
        if let Some(known) = of.and_then(|id| self.people.get_mut(&id)) {
            known.tokens.insert(0, locator);
        }
    }

    fn drop_tokens(&mut self, id: PrincipalId) {
        let tokens = self.people.get_mut(&id).map(|known| std::mem::take(&mut known.tokens));
        for locator in tokens.into_iter().flatten() {
            self.tokens.remove(&locator);
        }
    }

    fn end_claim(&mut self) {
        if let Claim::Reopened { by } = self.claim {
            self.tokens.remove(&by);
        }
        self.claim = Claim::Made;
    }

    fn grant(&mut self, id: GrantId, event: &GrantEvent) {
        self.unfinished.remove(&id);
        match event {
            GrantEvent::Given(Given { principal_id, role, scope, until, reason: _ }) => {
                let (role, scope, source) = (*role, scope.clone(), Source::Grant(id));
                self.hold(id, *principal_id, HeldGrant { role, scope, until: *until, source });
            }
            GrantEvent::Withdrawn(_) => {
                if let Some((holder, _)) = self.grants.remove(&id)
                    && let Some(held) = self.held.get_mut(&holder)
                {
                    held.remove(&id);
                }
            }
        }
    }

    fn hold(&mut self, id: GrantId, holder: PrincipalId, grant: HeldGrant) {
        self.grants.insert(id, (holder, grant));
        self.held.entry(holder).or_default().insert(id);
    }

    /// What somebody holds now. The broken glass comes first: every command in that time says so.
    pub(super) fn held(&self, id: PrincipalId, now: Timestamp) -> Vec<HeldGrant> {
        let Some(known) = self.people.get(&id).filter(|known| known.enabled) else { return vec![] };
        let glass = known.glass.filter(|until| now < *until).map(|until| HeldGrant {
            role: Role::Admin,
            scope: GrantScope::All,
            until: Some(until),
            source: Source::BreakGlass(id),
        });
        let grants = self.held.get(&id).into_iter().flatten().filter_map(|grant| self.grants.get(grant));
        let in_force = grants.map(|(_, held)| held).filter(|held| held.is_in_force(now)).cloned();
        glass.into_iter().chain(in_force).collect()
    }

    pub(super) fn find(&self, issuer: &str, subject: &str) -> Option<PrincipalId> {
        self.identities.get(&(issuer.to_owned(), subject.to_owned())).copied()
    }

    /// The people who hold one of these roles over everything now.
    pub(super) fn holders(&self, roles: &[Role], now: Timestamp) -> BTreeSet<PrincipalId> {
        let holds = |held: &HeldGrant| {
            roles.contains(&held.role) && held.scope == GrantScope::All && held.is_in_force(now)
        };
        let grants = self.grants.values().filter(|(_, held)| holds(held));
        grants.map(|(holder, _)| *holder).filter(|holder| self.is_person(holder)).collect()
    }

    fn is_person(&self, id: &PrincipalId) -> bool {
        self.people.get(id).is_some_and(|known| known.enabled && known.team.is_none())
    }

    /// The people who hold a role over everything until somebody takes it from them, with the grants that say so.
    pub(super) fn lasting(&self, role: Role) -> impl Iterator<Item = (GrantId, PrincipalId)> {
        let lasts = move |held: &HeldGrant| {
            held.role == role && held.scope == GrantScope::All && held.until.is_none()
        };
        let grants =
            self.grants.iter().filter(move |(_, (holder, held))| lasts(held) && self.is_person(holder));
        grants.map(|(id, (holder, _))| (*id, *holder))
    }
}
