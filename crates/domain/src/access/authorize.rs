//! Whether a principal may do a thing to a thing now, and by which grant.

use super::{GrantScope, HeldGrant, Permission, Principal, ResourceFacts, Role, Source};
use crate::{GrantId, Timestamp, refusal::refusals};

refusals! {
    /// Why a principal may not.
    pub enum Denied {
        MissingPermission { permission: &'static str } = ("permission_denied", "you do not hold the permission `{permission}`"),
    }
}

/// What allowed a command; kept with its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    role: Role,
    scope: GrantScope,
    until: Option<Timestamp>,
    source: Source,
}

impl Grant {
    /// As the metadata of an event keeps it: `role:admin`, `role:operator grant:grt_… scope:team:Orders`,
    /// `role:admin break_glass:prn_… until:2026-03-01T13:00:00Z`.
    #[must_use]
    pub fn describe(&self) -> String {
        let Self { role, scope, until, source } = self;
        let role = role.as_str();
        match (source, until) {
            (Source::BuiltIn, _) => format!("role:{role}"),
            (Source::Grant(id), _) => format!("role:{role} grant:{id} scope:{scope}"),
            (Source::Claims, _) => format!("role:{role} claims scope:{scope}"),
            (Source::BreakGlass(id), None) => format!("role:{role} break_glass:{id}"),
            (Source::BreakGlass(id), Some(until)) => format!("role:{role} break_glass:{id} until:{until}"),
        }
    }

    /// The grant on record that it is, if it is one.
    #[must_use]
    pub fn id(&self) -> Option<GrantId> {
        match self.source {
            Source::Grant(id) => Some(id),
            Source::BuiltIn | Source::BreakGlass(_) | Source::Claims => None,
        }
    }

    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }
}

impl From<&HeldGrant> for Grant {
    fn from(held: &HeldGrant) -> Self {
        let HeldGrant { role, scope, until, source } = held;
        Self { role: *role, scope: scope.clone(), until: *until, source: *source }
    }
}

/// Whether the principal may do this to that now, and by which grant: the first in force that allows it. No grant, no
/// permission. One grant has to allow all of it: two that each cover half of a change do not add up.
///
/// # Errors
/// [`Denied`] when no grant covers it.
pub fn authorize(
    principal: &Principal,
    permission: Permission,
    facts: &ResourceFacts,
    now: Timestamp,
) -> Result<Grant, Denied> {
    let denied = || Denied::MissingPermission { permission: permission.as_str() };
    let reaches = |held: &&HeldGrant| held.scope.reaches(permission.access(), facts);
    allowing(principal, permission, now).find(reaches).map(Grant::from).ok_or_else(denied)
}

/// Whether the principal holds the permission now in any scope at all: what a door asks before it knows what for.
///
/// # Errors
/// [`Denied`] when no grant in force has it.
pub fn holds(principal: &Principal, permission: Permission, now: Timestamp) -> Result<Grant, Denied> {
    let denied = || Denied::MissingPermission { permission: permission.as_str() };
    let somewhere = |held: &&HeldGrant| !held.scope.is_nothing();
    allowing(principal, permission, now).find(somewhere).map(Grant::from).ok_or_else(denied)
}

/// Whether the principal holds the permission now in a scope that covers this one whole: what somebody has told to others in
/// their place is never more than they see themselves.
///
/// # Errors
/// [`Denied`] when no one grant in force does.
pub fn covers(
    principal: &Principal,
    permission: Permission,
    scope: &GrantScope,
    now: Timestamp,
) -> Result<Grant, Denied> {
    let denied = || Denied::MissingPermission { permission: permission.as_str() };
    let covering = |held: &&HeldGrant| held.scope.covers(scope);
    allowing(principal, permission, now).find(covering).map(Grant::from).ok_or_else(denied)
}

/// Whether what somebody holds is enough to give this role in this scope: every permission of the role, each in a scope
/// that covers it, for at least as long. The first permission that is missing, where it is not.
#[must_use]
pub fn may_give(
    held: &[HeldGrant],
    role: Role,
    scope: &GrantScope,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Option<Permission> {
    let lasts = |grant: &HeldGrant| match (grant.until, until) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(ours), Some(theirs)) => theirs <= ours,
    };
    let enough = |permission: &Permission| {
        held.iter()
            .filter(|grant| grant.is_in_force(now))
            .any(|grant| grant.role.holds(*permission) && grant.scope.covers(scope) && lasts(grant))
    };
    role.permissions().find(|permission| !enough(permission))
}

/// The principal's grants in force that have the permission, in their order.
pub(super) fn allowing(
    principal: &Principal,
    permission: Permission,
    now: Timestamp,
) -> impl Iterator<Item = &HeldGrant> {
    let barred = permission.is_for_people() && !principal.kind.acts_as_person();
    let grants = if barred { &[] } else { principal.grants.as_slice() };
    grants.iter().filter(move |held| held.is_in_force(now) && held.role.holds(permission))
}
