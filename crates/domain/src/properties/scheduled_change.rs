//! Planned changes: begun when due and not before, applied once, undone once, and nothing after an end.

use jiff::SignedDuration;
use proptest::{collection::vec, option, prelude::*, sample};

use super::{CASES, COMMANDS_MAX, Step, follow, moment, moved, pace, reason};
use crate::{
    AssignmentId, ClientId, KeyId, PolicyId, Timestamp,
    given::at,
    scheduled_change::{
        BeginChange, CancelChange, Phase, PlanChange, PlannedChange, RecordApplied, RecordEnded,
        RecordFailed, ScheduledChange, ScheduledChangeCommand as C, ScheduledChangeEvent as E,
    },
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES * 2))]

    #[test]
    fn no_sequence_of_commands_breaks_a_planned_change(commands in commands()) {
        follow::<ScheduledChange>(&commands, &[], |step| {
            assert_final(step);
            assert_lawful(step);
        });
    }
}

fn assert_final(step: &Step<'_, ScheduledChange>) {
    if let ScheduledChange::Ended(_) | ScheduledChange::Cancelled(_) | ScheduledChange::Failed(_) =
        step.before
    {
        assert_eq!(step.before, step.after);
    }
    if let (Some(before), Some(after)) = (step.before.plan(), step.after.plan()) {
        assert_eq!(before, after, "what was planned does not change");
    }
}

fn assert_lawful(step: &Step<'_, ScheduledChange>) {
    use ScheduledChange as S;
    let Step { before, command, answer, after } = step;
    let Ok(events) = answer else { return };
    match (before, command, events.as_slice(), after) {
        (_, _, [], _) => assert_eq!(before, after),
        (S::Absent, C::Plan(ask), [E::Planned(planned)], S::Pending(plan)) => {
            assert!(planned.at >= ask.now, "nothing happens before it is planned");
            assert!(plan.until.is_none_or(|until| until > plan.at && plan.change.can_end()));
        }
        (S::Pending(plan), C::Begin(ask), [E::Begun(begun)], S::Applying(_)) => {
            assert_eq!(begun.phase, Phase::Apply);
            assert!(plan.at <= ask.now);
        }
        (S::Applied(plan, _), C::Begin(ask), [E::Begun(begun)], S::Ending(..)) => {
            assert_eq!(begun.phase, Phase::End);
            assert!(plan.until.is_some_and(|until| until <= ask.now));
        }
        (S::Applying(_), C::RecordApplied(ask), [E::Applied(_)], S::Applied(_, effect)) => {
            assert_eq!((effect.version, effect.changed), (ask.version, ask.changed));
        }
        (S::Ending(..), C::RecordEnded(_), [E::Ended(_)], S::Ended(_))
        | (S::Applying(_) | S::Ending(..), C::RecordFailed(_), [E::Failed(_)], S::Failed(_))
        | (S::Pending(_), C::Cancel(_), [E::Cancelled(_)], S::Cancelled(_)) => {}
        (S::Applied(plan, _), C::Cancel(_), [E::Cancelled(_)], S::Cancelled(_)) => {
            assert!(plan.until.is_some());
        }
        (before, _, events, _) => panic!("{events:?} in {before:?}"),
    }
}

fn commands() -> impl Strategy<Value = Vec<C>> {
    vec((pace(), command()), 1..COMMANDS_MAX).prop_map(|steps| {
        let mut passed = SignedDuration::ZERO;
        let mut paced = |(pace, command)| {
            passed += pace;
            after(passed, command)
        };
        steps.into_iter().map(&mut paced).collect()
    })
}

/// The command as it is given when that much time has passed.
fn after(passed: SignedDuration, mut command: C) -> C {
    let times: Vec<&mut Timestamp> = match &mut command {
        C::Plan(ask) => [&mut ask.now].into_iter().chain(&mut ask.at).chain(&mut ask.until).collect(),
        C::Cancel(ask) => vec![&mut ask.now],
        C::Begin(ask) => vec![&mut ask.now],
        C::RecordApplied(ask) => vec![&mut ask.now],
        C::RecordEnded(ask) => vec![&mut ask.now],
        C::RecordFailed(ask) => vec![&mut ask.now],
    };
    for time in times {
        *time = moved(*time, passed);
    }
    command
}

fn command() -> impl Strategy<Value = C> {
    let now = at(0);
    let plan = (change(), option::weighted(0.7, moment()), option::weighted(0.6, moment()), reason());
    let failed = RecordFailed { now, code: "key_revoked".to_owned(), message: "revoked".to_owned() };
    prop_oneof![
        6 => plan.prop_map(move |(change, at, until, reason)| C::Plan(PlanChange { now, change, at, until, reason })),
        1 => reason().prop_map(move |reason| C::Cancel(CancelChange { now, reason })),
        8 => Just(()).prop_map(move |()| C::Begin(BeginChange { now })),
        5 => (1..9_u64, any::<bool>())
            .prop_map(move |(version, changed)| C::RecordApplied(RecordApplied { now, version, changed })),
        4 => any::<bool>().prop_map(move |changed| C::RecordEnded(RecordEnded { now, changed })),
        1 => Just(()).prop_map(move |()| C::RecordFailed(RecordFailed {
            now, code: failed.code.clone(), message: failed.message.clone(),
        })),
    ]
}

fn change() -> impl Strategy<Value = PlannedChange> {
    let (client_id, policy_id) = (ClientId::from_parts(1, 1), PolicyId::from_parts(1, 1));
    let removal = PlannedChange::UnassignPolicy {
        policy_id,
        assignment_id: AssignmentId::from_parts(1, 1),
        client_id: Some(client_id),
    };
    let suspension = PlannedChange::SuspendKey { key_id: KeyId::from_parts(1, 1), client_id };
    sample::select(vec![suspension, PlannedChange::SuspendClient { client_id }, removal])
}
