use serde_json::{Value, json};

use super::*;
use crate::testing::{allowed, burst, refused as refusal};

const UNAUTHENTICATED: [RefusalReason; 7] = [
    RefusalReason::MissingSecret,
    RefusalReason::MalformedSecret,
    RefusalReason::UnknownSecret,
    RefusalReason::SecretRetired,
    RefusalReason::KeyNotYetValid,
    RefusalReason::KeyExpired,
    RefusalReason::KeyRevoked,
];

fn refused(decision: &Decision) -> Option<Refused> {
    super::refused(decision, Told::default())
}

fn body(refused: &Refused) -> Value {
    serde_json::from_str(&refused.body).unwrap()
}

fn names(refused: &Refused) -> Vec<&str> {
    refused.headers.iter().map(|(name, _)| name).collect()
}

#[test]
fn an_allowed_call_is_not_refused() {
    assert_eq!(refused(&allowed()), None);
    assert_eq!(code(&allowed()), None);
}

#[test]
fn no_reason_can_be_told_from_another_without_a_live_secret() {
    let first = refused(&refusal(UNAUTHENTICATED[0])).unwrap();
    assert_eq!(first.status, StatusCode::UNAUTHORIZED);
    assert_eq!(names(&first), ["content-type", "www-authenticate"]);
    let shown = body(&first);
    assert_eq!(shown["code"], "unauthenticated");
    assert_eq!(shown["decision_id"], json!(allowed().id.to_string()));
    for reason in UNAUTHENTICATED {
        assert_eq!(reason.outcome(), Outcome::Unauthenticated);
        assert_eq!(refused(&refusal(reason)), Some(first.clone()), "{reason:?}");
    }
}

#[test]
fn a_forbidden_call_is_told_why() {
    for reason in [
        RefusalReason::KeySuspended,
        RefusalReason::ClientSuspended,
        RefusalReason::ClientArchived,
        RefusalReason::WrongEnvironment,
        RefusalReason::AddressNotAllowed,
        RefusalReason::KeyQuarantined,
        RefusalReason::BadPath,
        RefusalReason::UnknownRoute,
        RefusalReason::MissingScope,
        RefusalReason::StaleConfiguration,
    ] {
        let refused = refused(&refusal(reason)).unwrap();
        let shown = body(&refused);
        assert_eq!((refused.status, &shown["code"]), (StatusCode::FORBIDDEN, &json!(reason.as_str())));
        assert_eq!(shown["type"], json!(format!("/problems/{}", reason.as_str())));
        assert_ne!(
            shown["detail"],
            body(&self::refused(&refusal(RefusalReason::MissingSecret)).unwrap())["detail"]
        );
        assert_eq!(names(&refused), ["content-type"]);
    }
}

#[test]
fn a_call_over_a_limit_is_told_when_to_come_back() {
    for (reason, title) in [
        (RefusalReason::RateLimited, "Rate limited"),
        (RefusalReason::QuotaExceeded, "Quota exceeded"),
        (RefusalReason::QuotaUnavailable, "Quota unavailable"),
    ] {
        let limits = [gateway::LimitStatus { refused: true, remaining: 0, ..burst() }].into_iter().collect();
        let decision = Decision { limits, retry_after_seconds: Some(7), stale: true, ..refusal(reason) };
        let refused = refused(&decision).unwrap();
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(
            names(&refused),
            [
                "content-type",
                "retry-after",
                "x-tollgate-stale",
                "ratelimit-policy",
                "ratelimit",
                "x-ratelimit-limit",
                "x-ratelimit-remaining",
                "x-ratelimit-reset"
            ]
        );
        assert!(refused.headers.iter().any(|header| header == ("retry-after", "7")));
        let shown = body(&refused);
        assert_eq!((&shown["code"], &shown["title"]), (&json!(reason.as_str()), &json!(title)));
        assert_eq!(shown["status"], 429);
    }
}

#[test]
fn no_fault_lets_a_call_pass() {
    for fault in Fault::ALL {
        let refused = faulted(fault);
        assert!(refused.status.is_client_error() || refused.status.is_server_error(), "{fault:?}");
        assert_eq!(body(&refused)["code"], fault.doc().code);
        assert_eq!(body(&refused)["status"], refused.status.as_u16());
    }
}

#[test]
fn the_catalogue_has_every_code_once() {
    let codes: Vec<_> = problems().iter().map(|doc| doc.code).collect();
    let expected = [
        "address_not_allowed",
        "bad_path",
        "body_invalid",
        "body_malformed",
        "body_too_large",
        "body_too_slow",
        "client_archived",
        "client_suspended",
        "internal",
        "invalid_environment",
        "key_quarantined",
        "key_suspended",
        "media_type_unsupported",
        "missing_scope",
        "quota_exceeded",
        "quota_unavailable",
        "rate_limited",
        "stale_configuration",
        "unauthenticated",
        "unavailable",
        "unclear_call",
        "unknown_route",
        "wrong_environment",
    ];
    assert_eq!(codes, expected);
}
