use domain::decision::RefusalReason;
use prost::Message as _;

use super::*;
use crate::{
    testing::{allowed, burst, refused},
    told::RateLimitHeaders,
    wire::ext_authz::{CheckResponse, Struct},
};

#[test]
fn a_decision_is_told_as_at_the_ext_authz_door() {
    for decision in [
        allowed(),
        Decision { limits: [burst()].into_iter().collect(), ..allowed() },
        refused(RefusalReason::MissingScope),
    ] {
        let theirs = CheckResponse::decode(&*ext_authz::decided(&decision)).unwrap();
        let ours = Decided::of(decision, Chosen::default()).metadata;
        assert_eq!(Struct::decode(&*ours).ok(), theirs.dynamic_metadata);
    }
}

#[test]
fn only_the_fields_that_are_asked_for_are_told() {
    let told = |fields: &[ToldField]| {
        let metadata = Decided::of(allowed(), fields.iter().copied().collect()).metadata;
        let fields = Struct::decode(&*metadata).unwrap().fields;
        fields.into_iter().map(|field| field.key).collect::<Vec<_>>()
    };
    assert_eq!(told(&[ToldField::Outcome, ToldField::Reason]), ["outcome"], "what there is of them");
    assert_eq!(told(&[]), [""; 0]);
}

#[test]
fn a_call_that_may_go_on_loses_its_secret_and_is_given_every_identity_header() {
    let Answer::Pass(passed) = answer(allowed(), true, Told::default(), Chosen::default()) else {
        panic!("it was allowed")
    };
    assert_eq!(passed.removed, ["x-api-key", "authorization"]);
    let names: Vec<_> = passed.identity.iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [headers::CLIENT_ID, headers::KEY_ID, headers::DECISION_ID, headers::ENVIRONMENT, headers::SCOPES]
    );
    let Answer::Pass(passed) = answer(allowed(), false, Told::default(), Chosen::default()) else {
        panic!("it was allowed")
    };
    assert_eq!(passed.removed, ["x-api-key"], "a credential that is not ours stays");
}

#[test]
fn what_remains_of_a_decision_is_counted_in_its_minute() {
    let decided = Decided::of(refused(RefusalReason::RateLimited), Chosen::default());
    assert_eq!(decided.so_far.decided_at.as_millisecond(), 1_700_000_000_000);
    assert_eq!(decided.so_far.outcome, Outcome::RateLimited);
    assert_eq!(decided.so_far.secret_version, Some(2));
}

#[test]
fn a_fault_has_no_decision() {
    let reply = faulted(Fault::NotReady);
    assert_eq!((reply.status, reply.decided.is_none()), (503, true));
    assert!(reply.headers.iter().any(|field| field == ("retry-after", "1")));
}

#[test]
fn whose_fault_an_error_was_is_read_from_the_flags() {
    let of = |bit: u32| 1_u64 << bit;
    // UF, and UF with URX.
    assert!(is_upstream_error(of(5)) && is_upstream_error(of(5) | of(15)));
    // None; DC, the caller's; RL, a limit's.
    assert!(!is_upstream_error(0) && !is_upstream_error(of(14)) && !is_upstream_error(of(11)));
}

#[test]
fn only_the_headers_that_are_asked_for_are_told_and_the_others_are_taken_away() {
    let told = Told {
        identity: "client_id".parse().unwrap(),
        rate_limit: [RateLimitHeaders::RateLimit].into_iter().collect(),
    };
    let limited = Decision { limits: [burst()].into_iter().collect(), ..allowed() };
    let Answer::Pass(passed) = answer(limited, false, told, Chosen::default()) else {
        panic!("it was allowed")
    };
    let given: Vec<_> = passed.identity.iter().map(|(name, value)| (name, !value.is_empty())).collect();
    assert_eq!(
        given,
        [
            (headers::CLIENT_ID, true),
            (headers::KEY_ID, false),
            (headers::DECISION_ID, false),
            (headers::ENVIRONMENT, false),
            (headers::SCOPES, false)
        ]
    );
    let limits: Vec<_> = passed.limits.iter().map(|(name, _)| name).collect();
    assert_eq!(limits, ["ratelimit-policy", "ratelimit"]);
    let told = Told { rate_limit: "none".parse().unwrap(), ..told };
    let over = Decision { limits: [burst()].into_iter().collect(), ..refused(RefusalReason::RateLimited) };
    let Answer::Refuse(reply) = answer(over, false, told, Chosen::default()) else {
        panic!("it was refused")
    };
    assert!(!reply.headers.iter().any(|(name, _)| name.contains("ratelimit")), "nor is a refused call told");
}
