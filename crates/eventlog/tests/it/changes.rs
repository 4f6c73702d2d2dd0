//! Planned changes are carried out once, whoever does it, wherever they stop, whatever the clock does meanwhile.

use domain::{
    ClientId, EventId, KeyId, PolicyId, ScheduledChangeId, Timestamp,
    api_client::{ApiClient, ApiClientCommand, ClientFacts, ClientStanding, ReinstateClient, SuspendClient},
    api_key::{ApiKey, ApiKeyCommand, IssueKey, NewSecret, RevokeKey},
    metadata::ActorKind,
    rate_limit_policy::{
        AssignPolicy, Assignment, Counting, DefinePolicy, Mode, PolicyCommand, PolicySpec, RateLimit,
        RateLimitPolicy, RevisePolicy,
    },
    scheduled_change::{
        BeginChange, CancelChange, Phase, PlanChange, PlannedChange, ScheduledChange, ScheduledChangeCommand,
        ScheduledChangeEvent,
    },
    secret::SecretDigest,
};
use tollgate_eventlog::{
    EventLog, Execute, Idempotency, Stored,
    changes::{ACTOR, CarriedOut, Order, carry_out},
};

use crate::{
    contract::on_every_engine,
    postgres::Instance,
    support::{client, metadata, now, open, register},
};

on_every_engine!(
    a_suspension_begins_and_ends_at_its_times,
    what_a_change_does_is_accounted_to_whoever_planned_it,
    a_crash_before_the_command_leaves_it_to_the_next_look,
    a_crash_after_the_command_does_not_repeat_it,
    a_crash_after_the_command_is_finished_even_where_it_would_be_refused_by_now,
    many_at_once_carry_it_out_once,
    a_clock_set_back_neither_repeats_nor_undoes,
    a_refusal_is_recorded_and_not_tried_again,
    a_suspension_by_others_is_not_lifted,
    a_second_suspension_outlives_the_end_of_the_first,
    of_two_changes_that_suspend_the_last_lets_go,
    a_change_whose_end_was_called_off_holds_for_good,
    what_stood_so_before_is_not_undone,
    a_revision_ends_with_what_was_said_before,
    a_revision_by_others_is_not_overwritten,
    an_assignment_ends_with_its_removal,
    a_cancelled_change_does_not_happen,
);

async fn a_suspension_begins_and_ends_at_its_times(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    plan(&log, suspension(), Some(200)).await;
    assert_eq!(carry(&log, 99).await, CarriedOut::Nothing);
    assert_eq!(standing(&log).await, ClientStanding::Active);
    assert_eq!(carry(&log, 100).await, CarriedOut::Applied);
    assert_eq!(standing(&log).await, ClientStanding::Suspended);
    assert_eq!(carry(&log, 199).await, CarriedOut::Nothing);
    assert_eq!(carry(&log, 200).await, CarriedOut::Ended);
    assert_eq!(standing(&log).await, ClientStanding::Active);
    assert_eq!(carry(&log, 9_999).await, CarriedOut::Nothing);
    assert_eq!(types(&log).await, ["planned", "begun", "applied", "begun", "ended"]);
}

async fn what_a_change_does_is_accounted_to_whoever_planned_it(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    plan(&log, suspension(), None).await;
    carry(&log, 100).await;
    let history = log.history::<ApiClient>(client(1)).await.unwrap();
    let said = &history.last().unwrap().metadata;
    assert_eq!((said.actor.as_str(), said.actor_kind), (ACTOR, ActorKind::System));
    assert_eq!(said.on_behalf_of.as_deref(), Some("bootstrap-admin"));
    assert_eq!(said.correlation_id, "cor-plan");
    assert_eq!(said.causation_id, Some(order().planned_by.to_string()));
    assert_eq!(said.reason.as_deref(), Some("unpaid"));
    assert_eq!((said.command_id.as_str(), said.occurred_at), (&*key(Phase::Apply), at(100)));
}

async fn a_crash_before_the_command_leaves_it_to_the_next_look(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    plan(&log, suspension(), None).await;
    say(&log, begin(100)).await;
    assert_eq!(carry(&log, 101).await, CarriedOut::Applied);
    assert_eq!(types(&log).await, ["planned", "begun", "applied"]);
    assert_eq!(standing(&log).await, ClientStanding::Suspended);
}

async fn a_crash_after_the_command_does_not_repeat_it(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    plan(&log, suspension(), Some(200)).await;
    say(&log, begin(100)).await;
    give(&log, Phase::Apply, suspend_client()).await;
    assert_eq!(carry(&log, 101).await, CarriedOut::Applied);
    assert_eq!(log.load::<ApiClient>(client(1)).await.unwrap().version, 2, "suspended once");
    say(&log, begin(200)).await;
    give(&log, Phase::End, reinstate_client()).await;
    assert_eq!(carry(&log, 201).await, CarriedOut::Ended);
    assert_eq!(log.load::<ApiClient>(client(1)).await.unwrap().version, 3, "reinstated once");
    assert_eq!(types(&log).await, ["planned", "begun", "applied", "begun", "ended"]);
}

async fn a_crash_after_the_command_is_finished_even_where_it_would_be_refused_by_now(log: EventLog) {
    issue(&log).await;
    let suspension = PlannedChange::SuspendKey { key_id: key_id(), client_id: client(1) };
    plan(&log, suspension, None).await;
    say(&log, begin(100)).await;
    let suspend = ApiKeyCommand::Suspend(domain::api_key::SuspendKey { reason: "unpaid".parse().unwrap() });
    give_to::<ApiKey>(&log, key_id(), Phase::Apply, suspend).await;
    revoke(&log).await;
    assert_eq!(carry(&log, 101).await, CarriedOut::Applied);
    assert_eq!(types(&log).await, ["planned", "begun", "applied"]);
}

async fn many_at_once_carry_it_out_once(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    plan(&log, suspension(), Some(200)).await;
    for now in [100, 200] {
        futures::future::join_all((0..8).map(|_| carry(&log, now))).await;
    }
    assert_eq!(types(&log).await, ["planned", "begun", "applied", "begun", "ended"]);
    assert_eq!(log.load::<ApiClient>(client(1)).await.unwrap().version, 3);
}

async fn a_clock_set_back_neither_repeats_nor_undoes(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    plan(&log, suspension(), Some(200)).await;
    carry(&log, 100).await;
    for now in [50, 100, 150, 50] {
        assert_eq!(carry(&log, now).await, CarriedOut::Nothing);
    }
    say(&log, begin(200)).await;
    assert_eq!(carry(&log, 50).await, CarriedOut::Ended, "what has begun is finished");
    assert_eq!(types(&log).await, ["planned", "begun", "applied", "begun", "ended"]);
}

async fn a_refusal_is_recorded_and_not_tried_again(log: EventLog) {
    issue(&log).await;
    plan(&log, PlannedChange::SuspendKey { key_id: key_id(), client_id: client(1) }, Some(200)).await;
    revoke(&log).await;
    assert_eq!(carry(&log, 100).await, CarriedOut::Refused);
    assert_eq!(failure(&log).await, (Phase::Apply, "key_revoked".to_owned()));
    assert_eq!(carry(&log, 101).await, CarriedOut::Nothing);
    assert_eq!(carry(&log, 201).await, CarriedOut::Nothing);
}

async fn a_suspension_by_others_is_not_lifted(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    plan(&log, suspension(), Some(200)).await;
    carry(&log, 100).await;
    by_hand(&log, reinstate_client()).await;
    by_hand(&log, suspend_client()).await;
    assert_eq!(carry(&log, 200).await, CarriedOut::Refused);
    assert_eq!(failure(&log).await, (Phase::End, "change_overtaken".to_owned()));
    assert_eq!(standing(&log).await, ClientStanding::Suspended);
}

/// "Leaked, keep shut", said within the window of a maintenance.
async fn a_second_suspension_outlives_the_end_of_the_first(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    plan(&log, suspension(), Some(200)).await;
    carry(&log, 100).await;
    by_hand(&log, suspend_client()).await;
    assert_eq!(carry(&log, 200).await, CarriedOut::Refused);
    assert_eq!(failure(&log).await, (Phase::End, "change_overtaken".to_owned()));
    assert_eq!(standing(&log).await, ClientStanding::Suspended);
}

/// Whichever of them began first.
async fn of_two_changes_that_suspend_the_last_lets_go(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    let of = |number| Order { id: ScheduledChangeId::from_parts(1_772_366_400_000, number), ..order() };
    for (first, second) in [(of(20), of(21)), (of(23), of(22))] {
        let shorter = if first.id < second.id { &first } else { &second };
        let longer = if first.id < second.id { &second } else { &first };
        plan_of(&log, shorter.id, suspension(), Some(200)).await;
        plan_of(&log, longer.id, suspension(), Some(300)).await;
        for order in [&first, &second] {
            assert_eq!(carry_out(&log, order, at(100)).await.unwrap(), CarriedOut::Applied);
        }
        assert_eq!(carry_out(&log, shorter, at(200)).await.unwrap(), CarriedOut::Ended);
        assert_eq!(standing(&log).await, ClientStanding::Suspended);
        assert_eq!(carry_out(&log, longer, at(300)).await.unwrap(), CarriedOut::Ended);
        assert_eq!(standing(&log).await, ClientStanding::Active);
    }
}

async fn a_change_whose_end_was_called_off_holds_for_good(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    let other = Order { id: ScheduledChangeId::from_parts(1_772_366_400_000, 30), ..order() };
    plan_of(&log, other.id, suspension(), Some(300)).await;
    assert_eq!(carry_out(&log, &other, at(100)).await.unwrap(), CarriedOut::Applied);
    let cancel = CancelChange { now: at(150), reason: "keep it shut".parse().unwrap() };
    execute::<ScheduledChange>(&log, other.id, ScheduledChangeCommand::Cancel(cancel)).await;
    plan(&log, suspension(), Some(200)).await;
    assert_eq!(carry(&log, 160).await, CarriedOut::Applied);
    assert_eq!(carry(&log, 200).await, CarriedOut::Ended);
    assert_eq!(standing(&log).await, ClientStanding::Suspended);
}

async fn what_stood_so_before_is_not_undone(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    by_hand(&log, suspend_client()).await;
    plan(&log, suspension(), Some(200)).await;
    assert_eq!(carry(&log, 100).await, CarriedOut::Applied);
    assert_eq!(carry(&log, 200).await, CarriedOut::Ended);
    assert_eq!(standing(&log).await, ClientStanding::Suspended);
}

async fn a_revision_ends_with_what_was_said_before(log: EventLog) {
    define(&log).await;
    plan(&log, revision(500), Some(200)).await;
    carry(&log, 100).await;
    assert_eq!(requests(&log).await, (2, 500));
    // What is said of assignments meanwhile is another matter.
    execute::<RateLimitPolicy>(&log, policy_id(), assign(assignment(7))).await;
    assert_eq!(carry(&log, 200).await, CarriedOut::Ended);
    assert_eq!(requests(&log).await, (3, 100));
}

async fn a_revision_by_others_is_not_overwritten(log: EventLog) {
    define(&log).await;
    plan(&log, revision(500), Some(200)).await;
    carry(&log, 100).await;
    execute::<RateLimitPolicy>(&log, policy_id(), PolicyCommand::Revise(rates(700))).await;
    assert_eq!(carry(&log, 200).await, CarriedOut::Refused);
    assert_eq!(failure(&log).await, (Phase::End, "change_overtaken".to_owned()));
    assert_eq!(requests(&log).await, (3, 700));
}

async fn an_assignment_ends_with_its_removal(log: EventLog) {
    define(&log).await;
    let change = PlannedChange::AssignPolicy { policy_id: policy_id(), assignment: assignment(1) };
    plan(&log, change, Some(200)).await;
    let bound = async || match &*log.load::<RateLimitPolicy>(policy_id()).await.unwrap().state {
        RateLimitPolicy::Active(policy) => policy.assignments.len(),
        other => panic!("{other:?}"),
    };
    carry(&log, 100).await;
    assert_eq!(bound().await, 1);
    assert_eq!(carry(&log, 200).await, CarriedOut::Ended);
    assert_eq!(bound().await, 0);
}

async fn a_cancelled_change_does_not_happen(log: EventLog) {
    log.execute(register(client(1))).await.unwrap();
    plan(&log, suspension(), None).await;
    let cancel = CancelChange { now: at(50), reason: "paid".parse().unwrap() };
    say(&log, ScheduledChangeCommand::Cancel(cancel)).await;
    assert_eq!(carry(&log, 100).await, CarriedOut::Nothing);
    assert_eq!(standing(&log).await, ClientStanding::Active);
}

fn at(seconds: i64) -> Timestamp {
    now() + jiff::SignedDuration::from_secs(seconds)
}

fn change_id() -> ScheduledChangeId {
    ScheduledChangeId::from_parts(1_772_366_400_000, 9)
}

fn key_id() -> KeyId {
    KeyId::from_parts(1_772_366_400_000, 5)
}

fn policy_id() -> PolicyId {
    PolicyId::from_parts(1_772_366_400_000, 6)
}

fn order() -> Order {
    Order {
        id: change_id(),
        requested_by: "bootstrap-admin".to_owned(),
        correlation_id: "cor-plan".to_owned(),
        planned_by: EventId::from_parts(1_772_366_400_000, 4),
    }
}

fn key(phase: Phase) -> String {
    format!("{ACTOR}:{}:{}", change_id(), phase.as_str())
}

async fn carry(log: &EventLog, now: i64) -> CarriedOut {
    carry_out(log, &order(), at(now)).await.unwrap()
}

fn suspension() -> PlannedChange {
    PlannedChange::SuspendClient { client_id: client(1) }
}

fn rates(requests: u64) -> RevisePolicy {
    let rate = RateLimit { name: "burst".parse().unwrap(), requests, per_seconds: 60, burst: 100 };
    RevisePolicy { rates: Some(vec![rate]), ..RevisePolicy::default() }
}

fn revision(requests: u64) -> PlannedChange {
    PlannedChange::RevisePolicy { policy_id: policy_id(), revision: rates(requests) }
}

fn assignment(number: u128) -> Assignment {
    Assignment {
        assignment_id: domain::AssignmentId::from_parts(1, number),
        client_id: Some(ClientId::from_parts(1, number)),
        route_id: None,
        environment: None,
        from: None,
        until: None,
    }
}

fn assign(assignment: Assignment) -> PolicyCommand {
    PolicyCommand::Assign(AssignPolicy { now: now(), assignment })
}

async fn execute<A: Stored>(log: &EventLog, id: A::Id, command: A::Command) {
    let (expected_version, idempotency) = (None, None);
    let ask =
        Execute::<A> { id, command, metadata: metadata(), expected_version, idempotency, personal: vec![] };
    log.execute(ask).await.unwrap();
}

async fn say(log: &EventLog, command: ScheduledChangeCommand) {
    execute::<ScheduledChange>(log, change_id(), command).await;
}

async fn plan(log: &EventLog, change: PlannedChange, until: Option<i64>) {
    plan_of(log, change_id(), change, until).await;
}

async fn plan_of(log: &EventLog, id: ScheduledChangeId, change: PlannedChange, until: Option<i64>) {
    let (start, until, reason) = (Some(at(100)), until.map(at), "unpaid".parse().unwrap());
    let command = ScheduledChangeCommand::Plan(PlanChange { now: now(), change, at: start, until, reason });
    execute::<ScheduledChange>(log, id, command).await;
}

fn begin(now: i64) -> ScheduledChangeCommand {
    ScheduledChangeCommand::Begin(BeginChange { now: at(now) })
}

/// The command of a phase as a scheduler gives it that then stops.
async fn give_to<A: Stored>(log: &EventLog, id: A::Id, phase: Phase, command: A::Command) {
    let mut metadata = metadata();
    metadata.command_id = key(phase);
    let idempotency = Some(Idempotency { key: key(phase), request_digest: [0; 32] });
    let ask = Execute::<A> { id, command, metadata, expected_version: None, idempotency, personal: vec![] };
    log.execute(ask).await.unwrap();
}

async fn give(log: &EventLog, phase: Phase, command: ApiClientCommand) {
    give_to::<ApiClient>(log, client(1), phase, command).await;
}

async fn by_hand(log: &EventLog, command: ApiClientCommand) {
    execute::<ApiClient>(log, client(1), command).await;
}

fn suspend_client() -> ApiClientCommand {
    ApiClientCommand::Suspend(SuspendClient { reason: "unpaid".parse().unwrap() })
}

fn reinstate_client() -> ApiClientCommand {
    ApiClientCommand::Reinstate(ReinstateClient { reason: "paid".parse().unwrap() })
}

async fn issue(log: &EventLog) {
    let secret = NewSecret {
        locator: "aB3dE6gH9j".parse().unwrap(),
        digest: SecretDigest { pepper_version: 1, hmac: [1; 32] },
        hint: "…x7Qa".to_owned(),
    };
    let issue = IssueKey {
        now: now(),
        client_id: client(1),
        client: ClientFacts {
            standing: ClientStanding::Active,
            environments: ["prod".parse().unwrap()].into(),
            scopes: [].into(),
        },
        name: "Nightly export".parse().unwrap(),
        environment: "prod".parse().unwrap(),
        scopes: None,
        not_before: None,
        expires_at: None,
        allowed_cidrs: vec![],
        secret,
    };
    execute::<ApiKey>(log, key_id(), ApiKeyCommand::Issue(issue)).await;
}

async fn revoke(log: &EventLog) {
    let revoke = RevokeKey { now: now(), at: None, reason: "leaked".parse().unwrap() };
    execute::<ApiKey>(log, key_id(), ApiKeyCommand::Revoke(revoke)).await;
}

async fn define(log: &EventLog) {
    let spec = PolicySpec {
        name: "Standard".parse().unwrap(),
        rates: rates(100).rates.unwrap(),
        quotas: vec![],
        counting: Counting::Client,
        mode: Mode::Enforce,
        thresholds: [80].into(),
    };
    execute::<RateLimitPolicy>(log, policy_id(), PolicyCommand::Define(DefinePolicy { spec })).await;
}

async fn standing(log: &EventLog) -> ClientStanding {
    log.load::<ApiClient>(client(1)).await.unwrap().state.standing()
}

/// The policy's revision, and what its rate limit is.
async fn requests(log: &EventLog) -> (u32, u64) {
    match &*log.load::<RateLimitPolicy>(policy_id()).await.unwrap().state {
        RateLimitPolicy::Active(policy) => (policy.revision, policy.spec.rates[0].requests),
        other => panic!("{other:?}"),
    }
}

/// What happened to the change.
async fn types(log: &EventLog) -> Vec<&'static str> {
    use domain::EventType as _;
    let history = log.history::<ScheduledChange>(change_id()).await.unwrap();
    history.iter().map(|past| past.event.event_type().rsplit('.').next().unwrap()).collect()
}

async fn failure(log: &EventLog) -> (Phase, String) {
    let history = log.history::<ScheduledChange>(change_id()).await.unwrap();
    match &history.last().unwrap().event {
        ScheduledChangeEvent::Failed(failed) => (failed.phase, failed.code.clone()),
        other => panic!("{other:?}"),
    }
}
