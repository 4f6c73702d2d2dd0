//! Rules that something needs a second person.

use super::{
    ApprovalRule, ApprovalRuleCommand, ApprovalRuleEvent, ApprovalRuleRefusal, EndApprovalRule, Ended, Guard,
    Made, MakeApprovalRule,
};
use crate::{
    Aggregate as _,
    access::{Access, Permission, ResourceFacts},
    given::the,
};

fn check<const N: usize>(
    given: [ApprovalRuleEvent; N],
    when: ApprovalRuleCommand,
    then: Result<Vec<ApprovalRuleEvent>, ApprovalRuleRefusal>,
) {
    let mut rule = ApprovalRule::default();
    given.iter().for_each(|event| rule.apply(event));
    assert_eq!(rule.decide(&when), then);
}

fn make(permission: Permission, taken: bool) -> ApprovalRuleCommand {
    let (environment, reason) = (Some(the("prod")), the("as agreed"));
    ApprovalRuleCommand::Make(MakeApprovalRule { permission, environment, reason, taken })
}

fn made(permission: Permission) -> ApprovalRuleEvent {
    ApprovalRuleEvent::Made(Made { permission, environment: Some(the("prod")), reason: the("as agreed") })
}

fn end() -> ApprovalRuleCommand {
    ApprovalRuleCommand::End(EndApprovalRule { reason: the("as agreed") })
}

fn ended() -> ApprovalRuleEvent {
    ApprovalRuleEvent::Ended(Ended { reason: the("as agreed") })
}

#[test]
fn a_rule_is_made_once_and_ended_for_good() {
    let of = Permission::KeyIssue;
    check([], make(of, false), Ok(vec![made(of)]));
    check([], make(of, true), Err(ApprovalRuleRefusal::Taken));
    check([made(of)], make(of, false), Err(ApprovalRuleRefusal::AlreadyThere));
    check([made(of)], end(), Ok(vec![ended()]));
    check([made(of), ended()], end(), Ok(vec![]));
    check([], end(), Err(ApprovalRuleRefusal::NotThere));
}

#[test]
fn what_changes_nothing_or_is_for_emergencies_cannot_wait() {
    for permission in Permission::ALL {
        let answer = ApprovalRule::Absent.decide(&make(permission, false));
        let barred = [
            Permission::CallVerify,
            Permission::GatewayFollow,
            Permission::ProjectionOperate,
            Permission::ApprovalDecide,
            Permission::BreakGlassOpen,
        ];
        let expected = permission.access() == Access::Write && !barred.contains(&permission);
        assert_eq!(answer.is_ok(), expected, "{permission:?}");
    }
}

#[test]
fn a_rule_is_about_its_permission_in_its_environment() {
    let rule = |environment: Option<&str>| Guard {
        permission: Permission::KeyIssue,
        environment: environment.map(the),
    };
    let there = |environments: &[&str]| {
        ResourceFacts::owned(&the("Orders"), environments.iter().map(|name| the(name)))
    };
    for (guard, facts, expected) in [
        (rule(None), there(&["test"]), true),
        (rule(Some("prod")), there(&["test"]), false),
        (rule(Some("prod")), there(&["test", "prod"]), true),
        // What names none lies in every one.
        (rule(Some("prod")), there(&[]), true),
        (rule(Some("prod")), ResourceFacts::Shared, true),
    ] {
        assert_eq!(guard.guards(Permission::KeyIssue, &facts), expected, "{guard:?} {facts:?}");
        assert!(!guard.guards(Permission::KeyRevoke, &facts));
    }
}
