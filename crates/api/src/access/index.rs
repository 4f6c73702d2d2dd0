//! What requests ask of the index.

use std::time::Duration;

use domain::{
    ApprovalId, ApprovalRuleId, GrantId, Position, PrincipalId, Recorded, Timestamp,
    access::{Permission, Principal, PrincipalKind, ResourceFacts, Role, authorize},
    approval::{CommandHash, Need},
    approval_rule::Guard,
    secret::{Peppers, PresentedSecret},
};
use parking_lot::RwLock;
use tokio::sync::watch;

use super::{
    approvals::{KnownApproval, KnownRule},
    state::{Claim, State},
};
use crate::secret::PRINCIPAL_BRAND;

/// The principals and grants of the log, as far as this process has read it.
#[derive(Debug)]
pub struct AccessIndex {
    state: RwLock<State>,
    position: watch::Sender<Position>,
    /// The end of the log when the following began: before that is reached, nobody is known for certain.
    complete_at: watch::Sender<Option<Position>>,
}

impl Default for AccessIndex {
    fn default() -> Self {
        Self {
            state: RwLock::default(),
            position: watch::Sender::new(Position::START),
            complete_at: watch::Sender::new(None),
        }
    }
}

impl AccessIndex {
    /// Takes events over, in their order; others than of principals and grants only move it on.
    pub fn apply(&self, events: &[Recorded]) {
        let Some(last) = events.last() else { return };
        let mut state = self.state.write();
        let known = *self.position.borrow();
        events.iter().filter(|event| event.position > known).for_each(|event| state.apply(event));
        drop(state);
        self.move_on(last.position);
    }

    /// There is nothing up to there that it does not know.
    pub(super) fn move_on(&self, position: Position) {
        self.position.send_if_modified(|known| {
            let news = position > *known;
            *known = position.max(*known);
            news
        });
    }

    /// Says where the log ended when the following began.
    pub(super) fn begin(&self, head: Position) {
        self.complete_at.send_if_modified(|at| at.replace(head).is_none());
    }

    /// The last position that it knows of.
    #[must_use]
    pub fn position(&self) -> Position {
        *self.position.borrow()
    }

    /// Whether it has read the log as it was when this process began.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete_at.borrow().is_some_and(|head| self.position() >= head)
    }

    /// Waits until it has read the log as it was when this process began; whether that was in time.
    pub async fn wait_until_complete(&self, at_most: Duration) -> bool {
        let mut began = self.complete_at.subscribe();
        let complete = async {
            let head = began.wait_for(Option::is_some).await.ok().and_then(|head| *head);
            let mut watched = self.position.subscribe();
            head.is_some() && watched.wait_for(|known| Some(*known) >= head).await.is_ok()
        };
        tokio::time::timeout(at_most, complete).await.unwrap_or(false)
    }

    /// Waits until it knows of a position; whether that was in time.
    pub async fn wait_for(&self, position: Position, at_most: Duration) -> bool {
        let mut watched = self.position.subscribe();
        let reached = watched.wait_for(|known| *known >= position);
        tokio::time::timeout(at_most, reached).await.is_ok_and(|reached| reached.is_ok())
    }

    /// Whom a token stands for now. None for one that is unknown, has ended or is disabled: they are told apart by nobody.
    pub(crate) fn principal(&self, peppers: &Peppers, token: &str, now: Timestamp) -> Option<Principal> {
        let read = PresentedSecret::parse(token).ok().filter(|read| read.brand == PRINCIPAL_BRAND)?;
        let state = self.state.read();
        let kept = state.tokens.get(&read.locator)?;
        let presented = peppers.digest(kept.digest.pepper_version, token)?;
        if !presented.matches(&kept.digest) || now >= kept.until {
            return None;
        }
        // One that reopens a claim is nobody's: it is known to the claim alone.
        let id = kept.of?;
        let known = state.people.get(&id).filter(|known| known.enabled)?;
        let (kind, authenticated_by) = match &known.team {
            Some(team) => {
                (PrincipalKind::ServiceAccount { team: Some(team.clone()) }, "service_account_token")
            }
            None => (PrincipalKind::Person, "claim_token"),
        };
        let grants = state.held(id, now);
        Some(Principal { id: id.to_string(), kind, authenticated_by, grants })
    }

    /// Whether the token is one that opens a claim anew.
    pub(crate) fn reopens(&self, peppers: &Peppers, token: &str, now: Timestamp) -> bool {
        let Ok(read) = PresentedSecret::parse(token) else { return false };
        let state = self.state.read();
        let Some(kept) = state.tokens.get(&read.locator).filter(|kept| kept.of.is_none()) else {
            return false;
        };
        let presented = peppers.digest(kept.digest.pepper_version, token);
        now < kept.until && presented.is_some_and(|presented| presented.matches(&kept.digest))
    }

    /// Whether the token that the installation began with still opens it.
    #[must_use]
    pub fn is_unclaimed(&self) -> bool {
        self.state.read().claim == Claim::First
    }

    /// What the claim that is open now is called, by the token that opens it: no two are called alike. None where
    /// nobody can claim.
    pub(crate) fn claim_name(&self, by_recovery: bool) -> Option<String> {
        match (self.state.read().claim, by_recovery) {
            (Claim::First, false) => Some("installation:claim".to_owned()),
            (Claim::Reopened { by }, true) => Some(format!("installation:claim:{by}")),
            (Claim::First | Claim::Made | Claim::Reopened { .. }, _) => None,
        }
    }

    /// Claims whose grants are not on record yet.
    pub(super) fn unfinished_claims(&self) -> Vec<(PrincipalId, GrantId)> {
        self.state.read().unfinished.iter().map(|(grant, person)| (*person, *grant)).collect()
    }

    /// Whom to tell when somebody breaks the glass: people who are security officers or administrators of everything
    /// now, at most so many. Those who are so by what an identity provider says of them are not known here.
    pub(crate) fn officers(&self, now: Timestamp, at_most: usize) -> Vec<PrincipalId> {
        let officers = self.state.read().holders(&[Role::SecurityOfficer, Role::Admin], now);
        officers.into_iter().take(at_most).collect()
    }

    /// Whether a rule says that this needs a second person.
    pub(crate) fn guards(&self, permission: Permission, facts: &ResourceFacts) -> bool {
        self.state.read().approvals.guards(permission, facts)
    }

    /// Whether there is such a rule.
    pub(crate) fn has_approval_rule(&self, guard: &Guard) -> bool {
        self.state.read().approvals.has_rule(guard)
    }

    /// Those in force, in the order in which they were made.
    pub(crate) fn approval_rules(&self) -> Vec<(ApprovalRuleId, KnownRule)> {
        self.state.read().approvals.rules()
    }

    /// None also of one that had to make room for others: the log has them all.
    pub(crate) fn approval(&self, id: ApprovalId) -> Option<KnownApproval> {
        self.state.read().approvals.get(id)
    }

    /// As if it had made room for others.
    #[cfg(test)]
    pub(crate) fn push_out(&self, id: ApprovalId) {
        self.state.write().approvals.push_out(id);
    }

    /// What the principal has proposed to the letter and can still be done or decided on.
    pub(crate) fn open_approval(
        &self,
        proposer: &str,
        hash: CommandHash,
        now: Timestamp,
    ) -> Option<ApprovalId> {
        self.state.read().approvals.open(proposer, hash, now)
    }

    /// The newest first, of those before this one.
    pub(crate) fn approvals(
        &self,
        before: Option<ApprovalId>,
        at_most: usize,
        wanted: impl Fn(&KnownApproval) -> bool,
    ) -> Vec<(ApprovalId, KnownApproval)> {
        let state = self.state.read();
        let all = state.approvals.newest(before).filter(|(_, known)| wanted(known));
        all.take(at_most).map(|(id, known)| (id, known.clone())).collect()
    }

    /// People who may decide on what needs this now, but for whoever proposes it; at most so many. Those who may by what an
    /// identity provider says of them are not known here.
    pub(crate) fn deciders(
        &self,
        needs: &[Need],
        proposer: &str,
        now: Timestamp,
        at_most: usize,
    ) -> Vec<PrincipalId> {
        let state = self.state.read();
        let may = |id: &PrincipalId| {
            let grants = state.held(*id, now);
            let (id, kind) = (id.to_string(), PrincipalKind::Person);
            let who = Principal { id, kind, authenticated_by: "approval", grants };
            who.id != proposer
                && needs.iter().all(|need| {
                    let held = |permission| authorize(&who, permission, &need.facts, now).is_ok();
                    held(need.permission) && held(Permission::ApprovalDecide)
                })
        };
        let people = state.people.iter().filter(|(_, known)| known.team.is_none()).map(|(id, _)| *id);
        let mut deciders: Vec<PrincipalId> = people.filter(may).collect();
        deciders.sort_unstable();
        deciders.truncate(at_most);
        deciders
    }

    /// The person whom an identity provider knows by this name.
    #[must_use]
    pub fn find(&self, issuer: &str, subject: &str) -> Option<PrincipalId> {
        self.state.read().find(issuer, subject)
    }

    /// Whether there is such a principal, disabled or not.
    pub(crate) fn knows(&self, id: PrincipalId) -> bool {
        self.state.read().people.contains_key(&id)
    }

    /// Whether there is such a principal, and nobody has disabled it.
    pub(crate) fn is_enabled(&self, id: PrincipalId) -> bool {
        self.state.read().people.get(&id).is_some_and(|known| known.enabled)
    }

    /// What a principal holds now, the broken glass first. Nothing if it is disabled or unknown.
    #[must_use]
    pub fn held(&self, id: PrincipalId, now: Timestamp) -> Vec<domain::access::HeldGrant> {
        self.state.read().held(id, now)
    }

    /// Whether nobody would be left who may grant everything, were this grant withdrawn.
    pub(crate) fn is_last_admin_grant(&self, grant: GrantId) -> bool {
        let state = self.state.read();
        let admins: Vec<_> = state.lasting(Role::Admin).collect();
        state.claim == Claim::Made
            && admins.iter().any(|(id, _)| *id == grant)
            && admins.iter().all(|(id, _)| *id == grant)
    }

    /// The same, were this principal disabled.
    pub(crate) fn is_last_admin(&self, principal: PrincipalId) -> bool {
        let state = self.state.read();
        let admins: Vec<_> = state.lasting(Role::Admin).collect();
        state.claim == Claim::Made
            && admins.iter().any(|(_, holder)| *holder == principal)
            && admins.iter().all(|(_, holder)| *holder == principal)
    }
}
