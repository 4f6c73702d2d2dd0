//! No sequence of commands reaches an impossible state, and the events alone tell the whole story.
//!
//! A failure prints its shortest sequence, and its seed goes to `proptest-regressions/`.

mod api_client;
mod api_key;
mod approval;
mod grant;
mod principal;
mod rate_limit_policy;
mod route;
mod scheduled_change;

use std::fmt::Debug;

use jiff::SignedDuration;
use proptest::{prelude::*, sample};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Aggregate, EventType, Name, Reason, Refusal, Timestamp,
    given::{at, the},
};

/// Sequences per aggregate, and commands per sequence.
const CASES: u32 = 96;
const COMMANDS_MAX: usize = 32;

/// One command, what was answered, and the states around it.
struct Step<'run, A: Aggregate> {
    before: &'run A,
    command: &'run A::Command,
    answer: &'run Result<Vec<A::Event>, A::Refusal>,
    after: &'run A,
}

/// Gives the commands one after the other and holds what is true of every aggregate: a pure answer, a refusal that
/// changes nothing, a retry that records nothing, events and states that read back, and none of the `unspoken` texts
/// in anything that is written. `lawful` holds what is true of this one.
fn follow<A: Aggregate<Refusal: PartialEq>>(
    commands: &[A::Command],
    unspoken: &[String],
    lawful: impl Fn(&Step<'_, A>),
) {
    follow_but::<A>(commands, unspoken, |_| false, lawful);
}

/// The same, but that some commands are news each time that they are given.
fn follow_but<A: Aggregate<Refusal: PartialEq>>(
    commands: &[A::Command],
    unspoken: &[String],
    again_is_news: impl Fn(&A::Command) -> bool,
    lawful: impl Fn(&Step<'_, A>),
) {
    let mut state = A::default();
    let mut told = vec![];
    let mut effective = vec![];
    for command in commands {
        let answer = state.decide(command);
        assert_eq!(state.decide(command), answer, "the same question has the same answer");
        let mut after = state.clone();
        for event in answer.iter().flatten() {
            after.apply(event);
            read_back(event, unspoken);
            assert_named::<A>(event);
        }
        read_back(&after, unspoken);
        match &answer {
            Ok(_) if again_is_news(command) => {}
            Ok(_) => {
                // That it may be refused by then is no harm.
                let again = after.decide(command).unwrap_or_default();
                assert_eq!(again, [], "a retry is not news: {command:?}");
            }
            Err(refusal) => {
                assert_eq!(after, state);
                assert_spoken(refusal, unspoken);
            }
        }
        keeps_silent(&format!("{command:?}"), unspoken);
        lawful(&Step { before: &state, command, answer: &answer, after: &after });
        if answer.as_ref().is_ok_and(|events| !events.is_empty()) {
            effective.push(command);
        }
        told.extend(answer.into_iter().flatten());
        state = after;
    }
    assert_eq!(A::replay(&told), state, "the events tell the whole story");
    assert_eq!(follow_only::<A>(&effective), (told, state), "what was refused or repeated left no trace");
}

fn assert_spoken(refusal: &impl Refusal, unspoken: &[String]) {
    keeps_silent(&refusal.to_string(), unspoken);
    keeps_silent(&serde_json::to_string(refusal).unwrap(), unspoken);
    assert!(refusal.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
}

/// The events and the state that these commands lead to when nothing else is asked.
fn follow_only<A: Aggregate>(commands: &[&A::Command]) -> (Vec<A::Event>, A) {
    let mut state = A::default();
    let mut told = vec![];
    for command in commands {
        for event in state.decide(command).unwrap_or_default() {
            state.apply(&event);
            told.push(event);
        }
    }
    (told, state)
}

fn read_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T, unspoken: &[String]) {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&text).unwrap(), *value, "{text}");
    let tree = serde_json::to_value(value).unwrap();
    assert_eq!(serde_json::from_value::<T>(tree).unwrap(), *value, "{text}");
    keeps_silent(&text, unspoken);
}

fn keeps_silent(text: &str, unspoken: &[String]) {
    for secret in unspoken {
        assert!(!text.contains(secret.as_str()), "{secret} is in {text}");
    }
}

/// The stored name is the aggregate's and the payload's tag.
fn assert_named<A: Aggregate>(event: &A::Event) {
    let tag = serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned();
    assert_eq!(event.event_type(), format!("{}.{tag}", A::TYPE));
}

fn name() -> impl Strategy<Value = Name> {
    sample::select(vec!["A", "Größe & Söhne", "日本"]).prop_map(the)
}

fn reason() -> impl Strategy<Value = Reason> {
    sample::select(vec!["because", "darum"]).prop_map(the)
}

/// A few of these, or now and then one of the sizes around a bound.
fn sized<T: Clone + Debug + 'static>(
    few: usize,
    bound: usize,
    make: impl Fn(usize) -> T + Copy,
) -> impl Strategy<Value = Vec<T>> {
    let pool: Vec<T> = (0..few).map(make).collect();
    let full = move |count: usize| (0..count).map(make).collect::<Vec<T>>();
    prop_oneof![
        8 => sample::subsequence(pool, 0..=few),
        1 => (bound - 1..=bound + 1).prop_map(full),
    ]
}

/// How much time passes between two commands: seconds, now and then years, sometimes backwards.
fn pace() -> impl Strategy<Value = SignedDuration> {
    prop_oneof![
        40 => (0..3_i64).prop_map(|tens| SignedDuration::from_secs(tens * 10)),
        6 => (-5..0_i64).prop_map(|tens| SignedDuration::from_secs(tens * 10)),
        1 => (-200..2_000_i64).prop_map(|weeks| SignedDuration::from_hours(weeks * 7 * 24)),
        1 => Just(SignedDuration::from_hours(4_000 * 365 * 24)),
    ]
}

/// A time about `at(0)`: on a coarse grid, so that times meet; now and then far away.
fn moment() -> impl Strategy<Value = Timestamp> {
    let far = [-36_601, -3_660, 3_660, 3_661, 36_600, 36_601].map(|days| at(days * 86_400));
    prop_oneof![
        20 => (-3..10_i64).prop_map(|tens| at(tens * 10)),
        1 => sample::select(far.to_vec()),
        1 => sample::select(vec![Timestamp::MIN, Timestamp::MAX]),
    ]
}

/// Saturates at both ends of time.
fn moved(time: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
    time.checked_add(by).unwrap_or(end)
}
