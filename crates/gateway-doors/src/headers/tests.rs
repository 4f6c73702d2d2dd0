use super::*;
use crate::testing::{allowed, burst, daily, limit, refused};

fn identity(decision: &Decision) -> Headers {
    super::identity(decision, Told::default())
}

fn check(decision: &Decision, expected: &[(&str, &str)]) {
    assert_eq!(shown(decision).iter().collect::<Vec<_>>(), expected);
}

fn shown(decision: &Decision) -> Headers {
    let mut headers = Headers::new();
    add_limits(&mut headers, decision, Told::default());
    headers
}

fn value(headers: &Headers, name: &str) -> Option<String> {
    headers.iter().find(|(other, _)| *other == name).map(|(_, value)| value.to_owned())
}

fn with(limits: impl IntoIterator<Item = LimitStatus>) -> Decision {
    Decision { limits: limits.into_iter().collect(), ..allowed() }
}

#[test]
fn the_fields_read_as_the_draft_has_them() {
    check(
        &with([burst(), daily()]),
        &[
            ("ratelimit-policy", r#""burst";q=100;w=60,"daily";q=1000;w=86400"#),
            ("ratelimit", r#""burst";r=50;t=30,"daily";r=900;t=3600"#),
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "50"),
            ("x-ratelimit-reset", "30"),
        ],
    );
}

#[test]
fn the_limit_of_which_least_is_left_goes_first() {
    let daily = LimitStatus { remaining: 100, ..daily() };
    check(
        &with([burst(), daily]),
        &[
            ("ratelimit-policy", r#""daily";q=1000;w=86400,"burst";q=100;w=60"#),
            ("ratelimit", r#""daily";r=100;t=3600,"burst";r=50;t=30"#),
            ("x-ratelimit-limit", "1000"),
            ("x-ratelimit-remaining", "100"),
            ("x-ratelimit-reset", "3600"),
        ],
    );
}

#[test]
fn the_limit_that_refused_goes_first_whatever_is_left() {
    // A call that costs more than is left of a large limit, beside a small one that is nearer to its end.
    let large = LimitStatus { remaining: 90, refused: true, ..burst() };
    let small = limit("tight", LimitKind::Rate, [10, 60, 1, 6]);
    let decision =
        Decision { limits: [small, large].into_iter().collect(), ..refused(RefusalReason::RateLimited) };
    check(
        &decision,
        &[
            ("ratelimit-policy", r#""burst";q=100;w=60,"tight";q=10;w=60"#),
            ("ratelimit", r#""burst";r=90;t=30,"tight";r=1;t=6"#),
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "90"),
            ("x-ratelimit-reset", "30"),
        ],
    );
}

#[test]
fn of_two_that_refused_the_one_that_the_decision_names_goes_first() {
    let burst = LimitStatus { remaining: 0, refused: true, ..burst() };
    let daily = LimitStatus { remaining: 5, refused: true, ..daily() };
    let decision =
        Decision { limits: [burst, daily].into_iter().collect(), ..refused(RefusalReason::QuotaExceeded) };
    let headers = shown(&decision);
    assert_eq!(value(&headers, "ratelimit").unwrap(), r#""daily";r=5;t=3600,"burst";r=0;t=30"#);
    assert_eq!(value(&headers, "x-ratelimit-limit").unwrap(), "1000");
}

#[test]
fn limits_in_shadow_are_not_shown() {
    let shadow = LimitStatus { mode: Mode::Shadow, remaining: 0, refused: true, ..burst() };
    check(&with([shadow.clone()]), &[]);
    let headers = shown(&with([shadow, daily()]));
    assert_eq!(value(&headers, "ratelimit").unwrap(), r#""daily";r=900;t=3600"#);
}

#[test]
fn who_is_not_authenticated_learns_nothing_of_limits() {
    let decision = Decision { limits: [burst()].into_iter().collect(), ..refused(RefusalReason::KeyRevoked) };
    check(&decision, &[]);
}

#[test]
fn a_stale_decision_says_so() {
    check(&Decision { stale: true, ..allowed() }, &[("x-tollgate-stale", "true")]);
}

#[test]
fn the_upstream_is_told_who_calls_under_every_name() {
    let decision = allowed();
    assert_eq!(
        identity(&decision).iter().collect::<Vec<_>>(),
        [
            ("x-tollgate-client-id", decision.client_id.unwrap().to_string().as_str()),
            ("x-tollgate-key-id", decision.key_id.unwrap().to_string().as_str()),
            ("x-tollgate-decision-id", decision.id.to_string().as_str()),
            ("x-tollgate-environment", "prod"),
            ("x-tollgate-scopes", "orders:read"),
        ]
    );
}

#[test]
fn scopes_are_separated_by_spaces() {
    let scopes = ["b:2", "a:1"].into_iter().map(|scope| scope.parse().unwrap()).collect();
    assert_eq!(value(&identity(&Decision { scopes, ..allowed() }), SCOPES).unwrap(), "a:1 b:2");
    let scopes = [].into_iter().collect();
    assert_eq!(value(&identity(&Decision { scopes, ..allowed() }), SCOPES).unwrap(), "");
}
