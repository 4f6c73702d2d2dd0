//! Given, when, then.

use super::{GiveGrant, Given, GivenGrant, GrantCommand, GrantEvent, GrantRefusal, WithdrawGrant, Withdrawn};
use crate::{
    Aggregate as _, PrincipalId, Timestamp,
    access::{GrantScope, HeldGrant, Limits, Role},
    given::{at, many, the},
    principal::HolderFacts,
};

fn check<const N: usize>(
    given: [GrantEvent; N],
    when: GrantCommand,
    then: Result<Vec<GrantEvent>, GrantRefusal>,
) {
    assert_eq!(GivenGrant::replay(&given).decide(&when), then);
}

fn ask() -> GiveGrant {
    GiveGrant {
        now: at(0),
        principal_id: PrincipalId::from_parts(1, 1),
        holder: HolderFacts::Person { enabled: true },
        role: Role::Operator,
        scope: orders(),
        until: None,
        reason: the("on call"),
        granter: vec![HeldGrant::built_in(Role::Admin)],
    }
}

fn orders() -> GrantScope {
    GrantScope::team(the("Orders"))
}

fn given(ask: GiveGrant) -> GrantEvent {
    let GiveGrant { principal_id, role, scope, until, reason, .. } = ask;
    GrantEvent::Given(Given { principal_id, role, scope, until, reason })
}

fn give(ask: GiveGrant) -> GrantCommand {
    GrantCommand::Give(ask)
}

fn withdraw(granter: Vec<HeldGrant>, is_last_admin: bool) -> GrantCommand {
    let (now, reason) = (at(0), the("moved on"));
    GrantCommand::Withdraw(WithdrawGrant { now, reason, granter, is_last_admin })
}

fn withdrawn() -> GrantEvent {
    GrantEvent::Withdrawn(Withdrawn { reason: the("moved on") })
}

fn admin() -> Vec<HeldGrant> {
    vec![HeldGrant::built_in(Role::Admin)]
}

fn access_admin() -> Vec<HeldGrant> {
    vec![HeldGrant::built_in(Role::AccessAdmin)]
}

#[test]
fn a_role_is_given_once_and_taken_back_once() {
    check([], give(ask()), Ok(vec![given(ask())]));
    check([given(ask())], give(ask()), Err(GrantRefusal::AlreadyGiven));
    check([given(ask())], withdraw(admin(), false), Ok(vec![withdrawn()]));
    check([given(ask()), withdrawn()], withdraw(admin(), false), Ok(vec![]));
    check([given(ask()), withdrawn()], give(ask()), Err(GrantRefusal::AlreadyGiven));
    check([], withdraw(admin(), false), Err(GrantRefusal::NotGiven));
}

#[test]
fn nobody_gives_more_than_they_hold_whatever_they_may_grant() {
    let exceeds = |permission| Err(GrantRefusal::ExceedsOwn { permission });
    check([], give(GiveGrant { granter: access_admin(), ..ask() }), exceeds("client.write"));
    check([], give(GiveGrant { granter: vec![], ..ask() }), exceeds("client.read"));
    let own = |scope| HeldGrant { scope, ..HeldGrant::built_in(Role::Operator) };
    let both = |scope| [access_admin(), vec![own(scope)]].concat();
    check([], give(GiveGrant { granter: both(orders()), ..ask() }), Ok(vec![given(ask())]));
    let elsewhere = both(GrantScope::team(the("Billing")));
    check([], give(GiveGrant { granter: elsewhere, ..ask() }), exceeds("client.write"));
    let wider = GiveGrant { scope: GrantScope::All, granter: both(orders()), ..ask() };
    check([], give(wider), exceeds("client.write"));
}

#[test]
fn nobody_takes_what_they_could_not_give() {
    let exceeds = Err(GrantRefusal::ExceedsOwn { permission: "client.write" });
    check([given(ask())], withdraw(access_admin(), false), exceeds);
    let ending = vec![HeldGrant { until: Some(at(1)), ..HeldGrant::built_in(Role::Admin) }];
    check([given(ask())], withdraw(ending, false), Ok(vec![withdrawn()]));
}

#[test]
fn the_last_administrator_stays() {
    check([given(ask())], withdraw(admin(), true), Err(GrantRefusal::LastAdmin));
    check([given(ask()), withdrawn()], withdraw(admin(), true), Ok(vec![]));
}

#[test]
fn a_holder_has_to_be_there_and_fit() {
    let to = |holder, role| give(GiveGrant { holder, role, ..ask() });
    check([], to(HolderFacts::Absent, Role::Viewer), Err(GrantRefusal::NoHolder));
    let disabled = || Err(GrantRefusal::HolderDisabled);
    check([], to(HolderFacts::Person { enabled: false }, Role::Viewer), disabled());
    let machine = |enabled| HolderFacts::ServiceAccount { enabled };
    check([], to(machine(false), Role::Viewer), disabled());
    for role in Role::ALL {
        let ask = GiveGrant { holder: machine(true), role, ..ask() };
        let then = if [Role::AccessAdmin, Role::BreakGlass].contains(&role) {
            Err(GrantRefusal::ForPeople { role })
        } else {
            Ok(vec![given(GiveGrant { role, ..self::ask() })])
        };
        check([], give(ask), then);
    }
}

#[test]
fn an_empty_scope_is_refused_and_does_not_mean_all() {
    let limited = |environments| GrantScope::Limited(Limits { team: None, environments });
    let with = |scope| give(GiveGrant { scope, ..ask() });
    check([], with(limited(None)), Err(GrantRefusal::ScopeEmpty));
    check([], with(limited(Some([].into()))), Err(GrantRefusal::ScopeEmpty));
    let too_many = GrantRefusal::TooMany { what: "environments", given: 17, allowed: 16 };
    check([], with(limited(Some(many(17)))), Err(too_many));
}

#[test]
fn an_end_lies_ahead_and_within_ten_years() {
    let with = |until: Timestamp| GiveGrant { until: Some(until), ..ask() };
    let latest = at(10 * 366 * 86_400);
    for until in [at(1), latest] {
        check([], give(with(until)), Ok(vec![given(with(until))]));
    }
    for until in [at(0), at(-1), at(10 * 366 * 86_400 + 1)] {
        check([], give(with(until)), Err(GrantRefusal::UntilOutOfBounds { until, latest }));
    }
}
