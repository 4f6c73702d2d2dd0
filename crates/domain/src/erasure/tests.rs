//! Given, when, then.

use super::*;
use crate::{
    Aggregate as _, ClientId, Position, PrincipalId,
    given::the,
    personal::{Personal, PersonalValue},
};

fn commitment(text: &str) -> Personal {
    PersonalValue::new([7; 16], text).commitment()
}

fn client() -> Holder {
    Holder::Client { client_id: ClientId::from_parts(1, 1) }
}

fn found(of: Holder, position: u64, text: &str) -> Found {
    Found { of, value: ErasedValue { position: Position::new(position), commitment: commitment(text) } }
}

fn erase(found: Vec<Found>) -> Erase {
    Erase { found, holder_is_enabled: false, reason: the("asked for by the person") }
}

fn check<const N: usize>(
    given: [ErasureEvent; N],
    when: Erase,
    then: Result<Vec<ErasureEvent>, ErasureRefusal>,
) {
    assert_eq!(Erasure::replay(&given).decide(&ErasureCommand::Erase(when)), then);
}

fn erased(of: Holder, values: &[Found]) -> ErasureEvent {
    let values = values.iter().map(|found| found.value).collect();
    ErasureEvent::Erased(Erased { of, values, reason: the("asked for by the person") })
}

#[test]
fn each_value_is_erased_once_and_told_by_whose_events_it_was_in() {
    let person = Holder::Principal { principal_id: PrincipalId::from_parts(1, 1) };
    let (one, two) = (found(client(), 1, "Ada"), found(client(), 9, "Ada"));
    let (own, from) = (found(person, 2, "Ada"), found(Holder::Circumstances, 2, "192.0.2.1"));
    let asked = erase(vec![from, two, one, own, two]);
    let expected =
        vec![erased(client(), &[one, two]), erased(person, &[own]), erased(Holder::Circumstances, &[from])];
    check([], asked, Ok(expected));
}

#[test]
fn nothing_found_is_nothing_erased() {
    check([], erase(vec![]), Err(ErasureRefusal::NothingThere));
}

#[test]
fn nobody_is_erased_who_may_still_sign_in() {
    let asked = Erase { holder_is_enabled: true, ..erase(vec![found(client(), 1, "Ada")]) };
    check([], asked, Err(ErasureRefusal::HolderEnabled));
}

#[test]
fn an_erasure_is_done_once() {
    let one = found(client(), 1, "Ada");
    check([erased(client(), &[one])], erase(vec![one]), Err(ErasureRefusal::Done));
}

#[test]
fn many_values_are_told_in_several_events_and_too_many_not_at_all() {
    let values = |count: u64| (1..=count).map(|n| found(client(), n, "Ada")).collect::<Vec<_>>();
    let events = Erasure::default().decide(&ErasureCommand::Erase(erase(values(501)))).unwrap();
    let sizes = events.iter().map(|ErasureEvent::Erased(erased)| erased.values.len()).collect::<Vec<_>>();
    assert_eq!(sizes, [500, 1]);
    assert_eq!(Erasure::replay(&events).values, 501);
    check(
        [],
        erase(values(5_001)),
        Err(ErasureRefusal::TooMany { what: "values", given: 5_001, allowed: 5_000 }),
    );
}

#[test]
fn what_is_on_record_of_it_does_not_say_the_value() {
    let event = erased(client(), &[found(client(), 1, "Ada Lovelace")]);
    assert!(!serde_json::to_string(&event).unwrap().contains("Ada"));
}
