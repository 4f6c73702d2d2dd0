//! Two people: who may decide, what is then allowed, and what never waits.

use super::{
    Approval, ApprovalCommand, ApprovalEvent, ApprovalRefusal, ApproveProposal, Approved, CommandHash,
    DeclineProposal, Declined, Need, Propose, Proposed, RedeemApproval, Redeemed, WithdrawProposal,
    Withdrawn, lowers_risk, raises_a_limit,
};
use crate::{
    Aggregate as _,
    access::{Permission, ResourceFacts},
    given::{at, the},
    rate_limit_policy::{Mode, PolicySpec, RateLimitPolicyEvent},
    schema::sample_events,
};

const DAY: i64 = 24 * 60 * 60;

fn check<const N: usize>(
    given: [ApprovalEvent; N],
    when: ApprovalCommand,
    then: Result<Vec<ApprovalEvent>, ApprovalRefusal>,
) {
    let mut approval = Approval::default();
    given.iter().for_each(|event| approval.apply(event));
    assert_eq!(approval.decide(&when), then);
}

fn hash(byte: u8) -> CommandHash {
    CommandHash::new([byte; 32])
}

fn needs() -> Vec<Need> {
    vec![Need { permission: Permission::KeyIssue, facts: ResourceFacts::within(&the("prod")) }]
}

fn propose() -> ApprovalCommand {
    ApprovalCommand::Propose(Propose {
        now: at(0),
        proposer: "prn_a".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/keys".to_owned(),
        command_hash: hash(1),
        needs: needs(),
        asked: None,
        reason: None,
        told: vec![],
    })
}

fn proposed() -> ApprovalEvent {
    ApprovalEvent::Proposed(Proposed {
        proposer: "prn_a".to_owned(),
        method: "POST".to_owned(),
        path: "/v1/keys".to_owned(),
        command_hash: hash(1),
        needs: needs(),
        asked: None,
        reason: None,
        expires_at: at(DAY),
        told: vec![],
    })
}

fn approve(seconds: i64, by: &str, is_person: bool) -> ApprovalCommand {
    let (now, by) = (at(seconds), by.to_owned());
    ApprovalCommand::Approve(ApproveProposal { now, by, is_person, grant_id: None, reason: None })
}

fn approved(by: &str) -> ApprovalEvent {
    ApprovalEvent::Approved(Approved { by: by.to_owned(), grant_id: None, reason: None })
}

fn decline(by: &str) -> ApprovalCommand {
    let (now, by, reason) = (at(1), by.to_owned(), the("too early"));
    ApprovalCommand::Decline(DeclineProposal { now, by, is_person: true, reason })
}

fn declined() -> ApprovalEvent {
    ApprovalEvent::Declined(Declined { by: "prn_b".to_owned(), reason: the("too early") })
}

fn withdraw(by: &str) -> ApprovalCommand {
    ApprovalCommand::Withdraw(WithdrawProposal { now: at(1), by: by.to_owned(), reason: None })
}

fn withdrawn() -> ApprovalEvent {
    ApprovalEvent::Withdrawn(Withdrawn { reason: None })
}

fn redeem(seconds: i64, by: &str, byte: u8, approver_holds: bool) -> ApprovalCommand {
    redeem_as(seconds, by, byte, approver_holds, true)
}

fn redeem_as(seconds: i64, by: &str, byte: u8, approver_holds: bool, is_named: bool) -> ApprovalCommand {
    let (now, by, command_hash) = (at(seconds), by.to_owned(), hash(byte));
    ApprovalCommand::Redeem(RedeemApproval { now, by, command_hash, approver_holds, is_named })
}

fn redeemed(seconds: i64) -> ApprovalEvent {
    ApprovalEvent::Redeemed(Redeemed { redeemed_at: at(seconds) })
}

#[test]
fn another_person_decides_in_time() {
    check([], propose(), Ok(vec![proposed()]));
    check([proposed()], propose(), Err(ApprovalRefusal::AlreadyThere));
    check([proposed()], approve(1, "prn_b", true), Ok(vec![approved("prn_b")]));
    check([proposed()], approve(1, "prn_a", true), Err(ApprovalRefusal::OfOwn));
    check([proposed()], approve(1, "prn_b", false), Err(ApprovalRefusal::NeedsPerson));
    let expired = ApprovalRefusal::Expired { expired_at: at(DAY) };
    check([proposed()], approve(DAY, "prn_b", true), Err(expired));
    check([], approve(1, "prn_b", true), Err(ApprovalRefusal::NotThere));
    check([proposed(), approved("prn_b")], approve(2, "prn_b", true), Ok(vec![]));
    let not_waiting = |status| Err(ApprovalRefusal::NotWaiting { status });
    check([proposed(), approved("prn_b")], approve(2, "prn_c", true), not_waiting("approved"));
    check([proposed(), declined()], approve(2, "prn_b", true), not_waiting("declined"));
    check([proposed()], decline("prn_b"), Ok(vec![declined()]));
    check([proposed()], decline("prn_a"), Err(ApprovalRefusal::OfOwn));
    check([proposed(), approved("prn_c")], decline("prn_b"), not_waiting("approved"));
}

#[test]
fn only_whoever_proposed_it_takes_it_back() {
    check([proposed()], withdraw("prn_a"), Ok(vec![withdrawn()]));
    check([proposed(), approved("prn_b")], withdraw("prn_a"), Ok(vec![withdrawn()]));
    check([proposed()], withdraw("prn_b"), Err(ApprovalRefusal::OfAnother));
    check([proposed(), withdrawn()], withdraw("prn_a"), Ok(vec![]));
    let done = [proposed(), approved("prn_b"), redeemed(2)];
    check(done, withdraw("prn_a"), Err(ApprovalRefusal::NotWaiting { status: "redeemed" }));
}

#[test]
fn what_was_approved_is_done_by_whoever_proposed_it_and_nothing_else() {
    let given = || [proposed(), approved("prn_b")];
    check(given(), redeem(2, "prn_a", 1, true), Ok(vec![redeemed(2)]));
    check(given(), redeem(2, "prn_a", 2, true), Err(ApprovalRefusal::OtherCommand));
    check(given(), redeem(2, "prn_b", 1, true), Err(ApprovalRefusal::OfAnother));
    check(given(), redeem(2, "prn_a", 1, false), Err(ApprovalRefusal::ApproverLost));
    let expired = || Err(ApprovalRefusal::Expired { expired_at: at(DAY) });
    check(given(), redeem(DAY, "prn_a", 1, true), expired());
    check([proposed()], redeem(2, "prn_a", 1, true), Err(ApprovalRefusal::NotApproved { status: "waiting" }));
    let taken_back = [proposed(), approved("prn_b"), withdrawn()];
    check(taken_back, redeem(2, "prn_a", 1, true), Err(ApprovalRefusal::NotApproved { status: "withdrawn" }));
    // What broke off is gone on with, as long as it is in time.
    check([proposed(), approved("prn_b"), redeemed(2)], redeem(3, "prn_a", 1, true), Ok(vec![]));
    let again = Err(ApprovalRefusal::NotApproved { status: "redeemed" });
    check([proposed(), approved("prn_b"), redeemed(2)], redeem_as(3, "prn_a", 1, true, false), again);
    check([proposed(), approved("prn_b"), redeemed(2)], redeem(DAY, "prn_a", 1, true), expired());
}

#[test]
fn what_makes_less_possible_never_waits() {
    let never: Vec<&str> = sample_events()
        .unwrap()
        .iter()
        .filter(|event| lowers_risk(event, None))
        .map(|event| event.event_type())
        .filter(|name| !name.starts_with("approval.") && !name.starts_with("observation."))
        .collect();
    let expected = [
        "api_client.scope_revoked",
        "api_client.environment_withdrawn",
        "api_client.suspended",
        "api_client.archived",
        "api_key.previous_retired",
        "api_key.revocation_scheduled",
        "api_key.revoked",
        "api_key.suspended",
        "api_key.expired",
        "api_key.leak_reported",
        "api_key.quarantined",
        "operation.keys_chosen",
        "principal.tokens_revoked",
        "principal.disabled",
        "principal.break_glass_closed",
        "grant.withdrawn",
        "approval_rule.made",
        "webhook.disabled",
        "webhook.deleted",
    ];
    assert_eq!(never, expected);
}

fn spec() -> PolicySpec {
    let events = sample_events().unwrap();
    let defined = events.into_iter().find_map(|event| {
        let crate::DomainEvent::RateLimitPolicy { event: RateLimitPolicyEvent::Defined(defined), .. } = event
        else {
            return None;
        };
        Some(defined)
    });
    PolicySpec { mode: Mode::Enforce, ..defined.unwrap().spec }
}

#[test]
fn a_limit_that_is_lowered_does_not_wait_and_one_that_rises_does() {
    let before = spec();
    let with = |change: &dyn Fn(&mut PolicySpec)| {
        let mut after = spec();
        change(&mut after);
        raises_a_limit(&before, &after)
    };
    assert!(!with(&|_| ()));
    assert!(!with(&|spec| spec.rates[0].requests -= 1));
    assert!(!with(&|spec| spec.thresholds = [1].into()));
    assert!(with(&|spec| spec.rates[0].requests += 1));
    assert!(with(&|spec| spec.rates[0].per_seconds -= 1));
    assert!(with(&|spec| spec.rates[0].burst += 1));
    assert!(with(&|spec| drop(spec.rates.remove(0))));
    assert!(with(&|spec| spec.rates[0].name = the("other")));
    assert!(with(&|spec| spec.quotas[0].requests += 1));
    assert!(with(&|spec| spec.quotas.clear()));
    assert!(with(&|spec| spec.mode = Mode::Shadow));
}
