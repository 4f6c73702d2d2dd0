//! Whose use of which limit is given back.

use super::*;
use crate::KeyId;

fn reset(change: impl FnOnce(&mut ResetLimit)) -> PolicyCommand {
    let mut ask = ResetLimit {
        limit: the("burst"),
        client_id: Some(ClientId::from_parts(1, 1)),
        key_id: None,
        environment: None,
        reason: the("Their retries ran wild"),
    };
    change(&mut ask);
    PolicyCommand::Reset(ask)
}

fn was_reset(change: impl FnOnce(&mut LimitReset)) -> RateLimitPolicyEvent {
    let mut event = LimitReset {
        limit: the("burst"),
        client_id: Some(ClientId::from_parts(1, 1)),
        key_id: None,
        environment: None,
        reason: the("Their retries ran wild"),
    };
    change(&mut event);
    RateLimitPolicyEvent::LimitReset(event)
}

#[test]
fn a_reset_records_whose_use_is_given_back() {
    let given = || [revised_to(Counting::Client)];
    check(with(given()), reset(|_| {}), Ok(vec![was_reset(|_| {})]));
    let in_prod = reset(|ask| ask.environment = Some(the("prod")));
    check(with(given()), in_prod, Ok(vec![was_reset(|event| event.environment = Some(the("prod")))]));
}

#[test]
fn each_reset_is_news() {
    let given = [revised_to(Counting::Client), was_reset(|_| {})];
    check(with(given), reset(|_| {}), Ok(vec![was_reset(|_| {})]));
}

#[test]
fn a_limit_that_is_not_there_cannot_be_reset() {
    let refused = Err(RateLimitPolicyRefusal::NoSuchLimit { limit: the("other") });
    check([defined()], reset(|ask| ask.limit = the("other")), refused);
    check([], reset(|_| {}), Err(RateLimitPolicyRefusal::NotDefined));
    check([defined(), retired()], reset(|_| {}), Err(RateLimitPolicyRefusal::Retired));
}

#[test]
fn a_reset_names_those_who_are_counted_together() {
    let key = Some(KeyId::from_parts(1, 1));
    let otherwise = |counting: Counting| {
        Err(RateLimitPolicyRefusal::CountedOtherwise { limit: the("burst"), counting: counting.as_str() })
    };
    check(with([revised_to(Counting::Client)]), reset(|ask| ask.key_id = key), otherwise(Counting::Client));
    check(with([revised_to(Counting::Key)]), reset(|_| {}), otherwise(Counting::Key));
    check(with([revised_to(Counting::Shared)]), reset(|_| {}), otherwise(Counting::Shared));
    let all = was_reset(|event| event.client_id = None);
    check(with([revised_to(Counting::Shared)]), reset(|ask| ask.client_id = None), Ok(vec![all]));
}

/// Every limit `burst` of a policy that counts so.
fn revised_to(counting: Counting) -> RateLimitPolicyEvent {
    revised(2, |spec| {
        spec.rates = vec![rate("burst", 9, 9, 9)];
        spec.counting = counting;
    })
}

fn with(events: impl IntoIterator<Item = RateLimitPolicyEvent>) -> Vec<RateLimitPolicyEvent> {
    [defined()].into_iter().chain(events).collect()
}
