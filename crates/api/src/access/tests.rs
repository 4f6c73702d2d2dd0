//! The index against a log in memory.

use domain::{
    ApprovalId, GrantId, PrincipalId, Timestamp,
    access::{GrantScope, Role},
    approval::{ApprovalEvent, CommandHash, Proposed, Withdrawn as ProposalWithdrawn},
    grant::{Given, GrantEvent, Withdrawn},
    principal::{InstallationClaimed, PersonAdded, PrincipalEvent},
};

use super::state::{Claim, State};
use domain::{DomainEvent, Recorded};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + seconds).unwrap()
}

fn person(n: u128) -> PrincipalId {
    PrincipalId::from_parts(1, n)
}

fn recorded(event: DomainEvent) -> Recorded {
    use domain::{EventId, Metadata, Position, metadata::ActorKind};
    Recorded {
        position: Position::new(1),
        event_id: EventId::from_parts(1, 1),
        recorded_at: at(0),
        sequence: 1,
        metadata: Metadata {
            occurred_at: at(0),
            actor: "test".to_owned(),
            actor_kind: ActorKind::System,
            authenticated_by: "internal".to_owned(),
            on_behalf_of: None,
            allowed_by: "role:admin".to_owned(),
            address: None,
            user_agent: None,
            request_id: "r".to_owned(),
            correlation_id: "c".to_owned(),
            causation_id: None,
            reason: None,
            command_id: "m".to_owned(),
        },
        event,
        personal: [].into(),
        leaf_hash: [0; 32],
    }
}

fn added() -> PrincipalEvent {
    let name = domain::personal::PersonalValue::new([1; 16], "Ada").commitment();
    PrincipalEvent::PersonAdded(PersonAdded { name, email: None, identity: None })
}

fn given(holder: PrincipalId, role: Role, until: Option<Timestamp>) -> GrantEvent {
    let (scope, reason) = (GrantScope::All, "on call".parse().unwrap());
    GrantEvent::Given(Given { principal_id: holder, role, scope, until, reason })
}

fn state(events: impl IntoIterator<Item = DomainEvent>) -> State {
    let mut state = State::default();
    events.into_iter().for_each(|event| state.apply(&recorded(event)));
    state
}

#[test]
fn a_disabled_principal_holds_nothing_and_has_it_back_when_enabled() {
    let principal = |event| DomainEvent::Principal { id: person(1), event };
    let grant =
        DomainEvent::Grant { id: GrantId::from_parts(1, 1), event: given(person(1), Role::Viewer, None) };
    let mut held = state([principal(added()), grant]);
    assert_eq!(held.held(person(1), at(0)).len(), 1);
    let reason = || "left".parse().unwrap();
    let disabled = PrincipalEvent::Disabled(domain::principal::Disabled { reason: reason() });
    held.apply(&recorded(principal(disabled)));
    assert_eq!(held.held(person(1), at(0)), vec![]);
    let enabled = PrincipalEvent::Enabled(domain::principal::Enabled { reason: reason() });
    held.apply(&recorded(principal(enabled)));
    assert_eq!(held.held(person(1), at(0)).len(), 1);
    assert_eq!(held.held(person(2), at(0)), vec![], "nobody is known by default");
}

#[test]
fn a_claim_gives_what_its_grant_says_before_the_grant_is_read_and_once() {
    let grant_id = GrantId::from_parts(1, 1);
    let principal = |event| DomainEvent::Principal { id: person(1), event };
    let claimed = PrincipalEvent::InstallationClaimed(InstallationClaimed { grant_id });
    let mut claimed = state([principal(added()), principal(claimed)]);
    assert_eq!(claimed.claim, Claim::Made);
    let before = claimed.held(person(1), at(0));
    assert_eq!(before.iter().map(|held| held.role).collect::<Vec<_>>(), [Role::Admin]);
    let grant = |event| DomainEvent::Grant { id: grant_id, event };
    claimed.apply(&recorded(grant(given(person(1), Role::Admin, None))));
    assert_eq!(claimed.held(person(1), at(0)), before);
    let withdrawn = GrantEvent::Withdrawn(Withdrawn { reason: "moved on".parse().unwrap() });
    claimed.apply(&recorded(grant(withdrawn)));
    assert_eq!(claimed.held(person(1), at(0)), vec![]);
}

#[test]
fn an_administrator_whose_grant_ends_is_not_the_one_who_stays() {
    let principal = |n| DomainEvent::Principal { id: person(n), event: added() };
    let grant = |n, until| DomainEvent::Grant {
        id: GrantId::from_parts(1, n),
        event: given(person(n), Role::Admin, until),
    };
    let admins = state([principal(1), principal(2), grant(1, None), grant(2, Some(at(60)))]);
    let lasting: Vec<_> = admins.lasting(Role::Admin).map(|(_, holder)| holder).collect();
    assert_eq!(lasting, [person(1)]);
    assert_eq!((admins.held(person(2), at(59)).len(), admins.held(person(2), at(60)).len()), (1, 0));
}

#[test]
fn what_waits_is_known_however_much_is_proposed_and_ended_after_it() {
    let id = |n: u128| ApprovalId::from_parts(1, n);
    let proposed = || {
        ApprovalEvent::Proposed(Proposed {
            proposer: "ada".to_owned(),
            method: "POST".to_owned(),
            path: "/v1/clients".to_owned(),
            command_hash: CommandHash::new([1; 32]),
            needs: vec![],
            asked: None,
            reason: None,
            expires_at: at(60),
            told: vec![],
        })
    };
    let approval = |n, event| DomainEvent::Approval { id: id(n), event };
    let ended = (2..=3_000).flat_map(|n| {
        let withdrawn = ApprovalEvent::Withdrawn(ProposalWithdrawn { reason: None });
        [approval(n, proposed()), approval(n, withdrawn)]
    });
    let state = state([approval(1, proposed())].into_iter().chain(ended));
    assert!(state.approvals.get(id(1)).is_some());
    assert!(state.approvals.get(id(2)).is_none(), "the first that was over is the first to go");
    assert!(state.approvals.get(id(3_000)).is_some());
}
