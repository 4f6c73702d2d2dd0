use gateway::{LimitStatus, OwnStanding};
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::{
    testing::{allowed, burst, daily, refused},
    wire::{
        access_log::UInt32Value,
        rate_limit::{CurrentLimit, RateLimitResponse, Unit},
    },
};

fn answered(judged: &[Metered]) -> RateLimitResponse {
    RateLimitResponse::decode(of(judged, Told::default()).message()).unwrap()
}

fn decided(decision: Decision) -> Metered {
    Metered { decision: Some(decision), own: None }
}

fn fields(response: &RateLimitResponse) -> Vec<(&str, &str)> {
    let text = |bytes| str::from_utf8(bytes).unwrap();
    response.response_headers_to_add.iter().map(|header| (text(&header.key), text(&header.value))).collect()
}

fn own(wait_seconds: Option<u64>, no_room: bool) -> OwnStanding {
    OwnStanding { requests: 9, window_seconds: 300, remaining: 4, reset_seconds: 120, wait_seconds, no_room }
}

#[test]
fn a_granted_call_is_told_where_it_stands() {
    let limits = [daily(), burst()].into_iter().collect();
    let response = answered(&[decided(Decision { limits, ..allowed() })]);
    assert_eq!(response.overall_code(), Code::Ok);
    let [status] = response.statuses.as_slice() else { panic!("{response:?}") };
    let current_limit = CurrentLimit {
        requests_per_unit: 100,
        unit: Unit::Minute.into(),
        name: "burst".to_owned(),
        unit_multiplier: None,
    };
    assert_eq!((status.code(), status.current_limit.as_ref()), (Code::Ok, Some(&current_limit)));
    assert_eq!((status.limit_remaining, status.duration_until_reset.unwrap().seconds), (50, 30));
    assert_eq!(
        fields(&response),
        [
            ("ratelimit-policy", r#""burst";q=100;w=60,"daily";q=1000;w=86400"#),
            ("ratelimit", r#""burst";r=50;t=30,"daily";r=900;t=3600"#),
        ]
    );
    assert!(response.raw_body.is_empty());
    let metadata = response.dynamic_metadata.unwrap().fields;
    assert!(metadata.iter().any(|field| field.key == "decision_id"), "{metadata:?}");
}

#[test]
fn one_descriptor_over_its_limit_refuses_the_call_and_the_others_stand_as_they_are() {
    let over = LimitStatus { remaining: 0, refused: true, ..daily() };
    let refusing = Decision {
        limits: [over].into_iter().collect(),
        retry_after_seconds: Some(3_600),
        ..refused(RefusalReason::QuotaExceeded)
    };
    let granting = Decision { limits: [burst()].into_iter().collect(), ..allowed() };
    let response = answered(&[decided(granting), decided(refusing), Metered { decision: None, own: None }]);
    assert_eq!(response.overall_code(), Code::OverLimit);
    let codes: Vec<_> = response.statuses.iter().map(|status| status.code()).collect();
    assert_eq!(codes, [Code::Ok, Code::OverLimit, Code::Ok]);
    assert!(response.statuses[2].current_limit.is_none());
    assert_eq!(
        fields(&response),
        [
            ("content-type", "application/problem+json"),
            ("retry-after", "3600"),
            ("ratelimit-policy", r#""daily";q=1000;w=86400,"burst";q=100;w=60"#),
            ("ratelimit", r#""daily";r=0;t=3600,"burst";r=50;t=30"#),
        ]
    );
    let body: serde_json::Value = serde_json::from_slice(&response.raw_body).unwrap();
    assert_eq!((&body["code"], &body["status"]), (&"quota_exceeded".into(), &429.into()));
}

#[test]
fn who_must_not_call_is_told_why_and_of_no_limit() {
    for (reason, code) in [
        (RefusalReason::ClientSuspended, "client_suspended"),
        (RefusalReason::KeyRevoked, "unauthenticated"),
        (RefusalReason::StaleConfiguration, "stale_configuration"),
    ] {
        let response = answered(&[decided(refused(reason))]);
        assert_eq!(
            (response.overall_code(), response.statuses[0].code()),
            (Code::OverLimit, Code::OverLimit)
        );
        assert!(response.statuses[0].current_limit.is_none());
        assert_eq!(fields(&response), [("content-type", "application/problem+json")], "{reason:?}");
        let body: serde_json::Value = serde_json::from_slice(&response.raw_body).unwrap();
        assert_eq!(body["code"], code);
    }
}

#[test]
fn a_limit_of_its_own_is_told_like_any_other() {
    let response = answered(&[Metered { decision: None, own: Some(own(Some(120), false)) }]);
    let limit = response.statuses[0].current_limit.as_ref().unwrap();
    assert_eq!((limit.name.as_str(), limit.unit(), limit.requests_per_unit), ("override", Unit::Minute, 9));
    assert_eq!(limit.unit_multiplier, Some(UInt32Value { value: 5 }));
    assert_eq!(
        fields(&response)[1..3],
        [("retry-after", "120"), ("ratelimit-policy", r#""override";q=9;w=300"#)]
    );
    assert!(response.dynamic_metadata.is_none());

    let crowded = answered(&[Metered { decision: None, own: Some(own(Some(1), true)) }]);
    assert_eq!(
        (crowded.overall_code(), crowded.statuses[0].current_limit.is_none()),
        (Code::OverLimit, true)
    );
    let body: serde_json::Value = serde_json::from_slice(&crowded.raw_body).unwrap();
    assert_eq!(body["code"], "quota_unavailable");
}

#[test]
fn a_limit_that_two_descriptors_meet_is_told_once_as_it_is_nearer_to_its_end() {
    let at = |remaining| {
        let limits = [LimitStatus { remaining, ..burst() }].into_iter().collect();
        decided(Decision { limits, ..allowed() })
    };
    assert_eq!(fields(&answered(&[at(50), at(49)]))[1], ("ratelimit", r#""burst";r=49;t=30"#));
}

#[test]
fn numbers_larger_than_the_protocols_are_as_large_as_it_has_them() {
    let limit = LimitStatus { requests: 1_000_000_000_000, remaining: 999_999_999_999, ..daily() };
    let response = answered(&[decided(Decision { limits: [limit].into_iter().collect(), ..allowed() })]);
    let status = &response.statuses[0];
    assert_eq!(status.current_limit.as_ref().unwrap().requests_per_unit, u32::MAX);
    assert_eq!(status.limit_remaining, u32::MAX);
    assert_eq!(fields(&response)[1], ("ratelimit", r#""daily";r=999999999999;t=3600"#));
}

proptest! {
    /// What is written is what Envoy reads, whatever the numbers.
    #[test]
    fn every_standing_can_be_written(
        requests in any::<u64>(), window_seconds in any::<u64>(), remaining in any::<u64>(),
        reset_seconds in 0..u64::MAX / 2, wait in prop::option::of(any::<u64>()), times in 1..70_usize,
    ) {
        let standing = OwnStanding { requests, window_seconds, remaining, reset_seconds, wait_seconds: wait, no_room: false };
        let judged = vec![Metered { decision: None, own: Some(standing) }; times];
        let response = answered(&judged);
        prop_assert_eq!(response.statuses.len(), times);
        prop_assert_eq!(response.overall_code() == Code::OverLimit, wait.is_some());
    }
}
