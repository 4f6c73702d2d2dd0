//! What may be asked of a grant, and the rules that answer.

use jiff::SignedDuration;

use super::{Given, GivenGrant, GrantEvent, Terms, Withdrawn};
use crate::{
    Aggregate, PrincipalId, Reason, Timestamp,
    access::{GrantScope, HeldGrant, Limits, Role, may_give},
    principal::HolderFacts,
    refusal::refusals,
};

const ENVIRONMENTS_MAX: usize = 16;
/// No grant that ends does so later: ten years.
const LONGEST: SignedDuration = SignedDuration::from_hours(10 * 366 * 24);

/// What may be asked of a grant.
#[derive(Debug)]
pub enum GrantCommand {
    Give(GiveGrant),
    Withdraw(WithdrawGrant),
}

/// Gives a role.
#[derive(Debug)]
pub struct GiveGrant {
    pub now: Timestamp,
    pub principal_id: PrincipalId,
    /// The principal as it stands when this is asked.
    pub holder: HolderFacts,
    pub role: Role,
    pub scope: GrantScope,
    /// After now, at most ten years ahead. None: until it is withdrawn.
    pub until: Option<Timestamp>,
    pub reason: Reason,
    /// What the granter holds when this is asked.
    pub granter: Vec<HeldGrant>,
}

/// Takes it back.
#[derive(Debug)]
pub struct WithdrawGrant {
    pub now: Timestamp,
    pub reason: Reason,
    /// What whoever withdraws it holds when this is asked.
    pub granter: Vec<HeldGrant>,
    /// Whether nobody would be left who may grant everything.
    pub is_last_admin: bool,
}

refusals! {
    /// Why a command about a grant was refused.
    pub enum GrantRefusal {
        NotGiven = ("grant_not_found", "there is no such grant"),
        AlreadyGiven = ("grant_already_given", "the grant is given already"),
        NoHolder = ("principal_not_found", "there is no such principal"),
        HolderDisabled = ("principal_disabled", "the principal is disabled"),
        ScopeEmpty = ("grant_scope_empty", "a limited scope has to name a team, or at least one environment"),
        TooMany { what: &'static str, given: usize, allowed: usize }
            = ("too_many_items", "{given} {what} are more than the {allowed} allowed"),
        ForPeople { role: Role } = ("role_for_people", "a service account cannot be given this role"),
        UntilOutOfBounds { until: Timestamp, latest: Timestamp }
            = ("grant_until_out_of_bounds", "the grant would end at {until}; it has to be after now, and at {latest} at the latest"),
        ExceedsOwn { permission: &'static str }
            = ("grant_exceeds_own", "you do not hold `{permission}` yourself, or not as widely or for as long"),
        LastAdmin = ("last_admin", "nobody would be left who may grant everything"),
    }
}

impl Aggregate for GivenGrant {
    const TYPE: &'static str = "grant";
    type Command = GrantCommand;
    type Event = GrantEvent;
    type Refusal = GrantRefusal;

    fn decide(&self, command: &GrantCommand) -> Result<Vec<GrantEvent>, GrantRefusal> {
        match command {
            GrantCommand::Give(ask) => self.give(ask),
            GrantCommand::Withdraw(ask) => self.withdraw(ask),
        }
    }

    fn apply(&mut self, event: &GrantEvent) {
        self.fold(event);
    }
}

impl GivenGrant {
    fn give(&self, ask: &GiveGrant) -> Result<Vec<GrantEvent>, GrantRefusal> {
        let Self::Absent = self else { return Err(GrantRefusal::AlreadyGiven) };
        let GiveGrant { now, principal_id, holder, role, scope, until, reason, granter } = ask;
        check_holder(*holder, *role)?;
        check_scope(scope)?;
        check_until(*now, *until)?;
        check_held(granter, *role, scope, *until, *now)?;
        let (principal_id, role, scope, until) = (*principal_id, *role, scope.clone(), *until);
        Ok(vec![GrantEvent::Given(Given { principal_id, role, scope, until, reason: reason.clone() })])
    }

    fn withdraw(&self, ask: &WithdrawGrant) -> Result<Vec<GrantEvent>, GrantRefusal> {
        let WithdrawGrant { now, reason, granter, is_last_admin } = ask;
        match self {
            Self::Absent => Err(GrantRefusal::NotGiven),
            // A second withdrawal is a client's retry, and a retry is not news.
            Self::Withdrawn(_) => Ok(vec![]),
            Self::Given(_) if *is_last_admin => Err(GrantRefusal::LastAdmin),
            Self::Given(Terms { principal_id: _, role, scope, until: _ }) => {
                // Nobody takes what they could not give: an access admin does not unseat those above.
                check_held(granter, *role, scope, Some(*now), *now)?;
                Ok(vec![GrantEvent::Withdrawn(Withdrawn { reason: reason.clone() })])
            }
        }
    }
}

fn check_holder(holder: HolderFacts, role: Role) -> Result<(), GrantRefusal> {
    match holder {
        HolderFacts::Absent => Err(GrantRefusal::NoHolder),
        HolderFacts::Person { enabled: false } | HolderFacts::ServiceAccount { enabled: false } => {
            Err(GrantRefusal::HolderDisabled)
        }
        HolderFacts::ServiceAccount { enabled: true } if role.is_for_people() => {
            Err(GrantRefusal::ForPeople { role })
        }
        HolderFacts::Person { enabled: true } | HolderFacts::ServiceAccount { enabled: true } => Ok(()),
    }
}

fn check_scope(scope: &GrantScope) -> Result<(), GrantRefusal> {
    if scope.is_nothing() {
        return Err(GrantRefusal::ScopeEmpty);
    }
    match scope {
        GrantScope::Limited(Limits { environments: Some(environments), .. })
            if environments.len() > ENVIRONMENTS_MAX =>
        {
            let (what, given) = ("environments", environments.len());
            Err(GrantRefusal::TooMany { what, given, allowed: ENVIRONMENTS_MAX })
        }
        GrantScope::All | GrantScope::Limited(_) => Ok(()),
    }
}

fn check_until(now: Timestamp, until: Option<Timestamp>) -> Result<(), GrantRefusal> {
    let latest = now.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
    match until.filter(|until| *until <= now || *until > latest) {
        Some(until) => Err(GrantRefusal::UntilOutOfBounds { until, latest }),
        None => Ok(()),
    }
}

fn check_held(
    granter: &[HeldGrant],
    role: Role,
    scope: &GrantScope,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), GrantRefusal> {
    match may_give(granter, role, scope, until, now) {
        Some(missing) => Err(GrantRefusal::ExceedsOwn { permission: missing.as_str() }),
        None => Ok(()),
    }
}
