//! Webhooks: made, verified, told, disabled, deleted.

use super::*;
use crate::{Aggregate as _, Timestamp, access::GrantScope, given::the};

fn check<const N: usize>(
    given: [WebhookEvent; N],
    when: WebhookCommand,
    then: Result<Vec<WebhookEvent>, WebhookRefusal>,
) {
    let mut webhook = Webhook::default();
    given.iter().for_each(|event| webhook.apply(event));
    assert_eq!(webhook.decide(&when), then);
}

fn spec(url: &str) -> WebhookSpec {
    WebhookSpec {
        name: the("orders desk"),
        url: the(url),
        events: [the("api_key.*"), the("notice.key_expiring")].into(),
        scope: GrantScope::team(the("Orders")),
    }
}

const URL: &str = "https://hooks.example.com/t/1";
const OTHER: &str = "https://hooks.example.com/t/2";

fn source(version: u32) -> SecretSource {
    SecretSource { version, pepper_version: 1 }
}

fn created() -> WebhookEvent {
    WebhookEvent::Created(Created { spec: spec(URL), secret: source(1) })
}

fn revised(url: &str) -> WebhookEvent {
    WebhookEvent::Revised(Revised { spec: spec(url) })
}

fn verified(url: &str) -> WebhookEvent {
    WebhookEvent::Verified(Verified { url: the(url) })
}

fn disabled(cause: DisableCause) -> WebhookEvent {
    WebhookEvent::Disabled(Disabled { cause, reason: None })
}

fn deleted() -> WebhookEvent {
    WebhookEvent::Deleted(Deleted { reason: None })
}

fn disable(cause: DisableCause) -> WebhookCommand {
    WebhookCommand::Disable(DisableWebhook { cause, url: None, reason: None })
}

fn verify(url: &str) -> WebhookCommand {
    WebhookCommand::Verify(VerifyWebhook { url: the(url) })
}

fn state<const N: usize>(given: [WebhookEvent; N]) -> Endpoint {
    Webhook::replay(&given).endpoint().unwrap().clone()
}

#[test]
fn a_webhook_is_created_once_and_told_once_it_is_verified() {
    let create = || WebhookCommand::Create(CreateWebhook { spec: spec(URL), pepper_version: 1 });
    check([], create(), Ok(vec![created()]));
    check([created()], create(), Err(WebhookRefusal::AlreadyThere));
    check([created()], verify(URL), Ok(vec![verified(URL)]));
    check([created(), verified(URL)], verify(URL), Ok(vec![]));
    assert!(!state([created()]).is_told());
    assert!(state([created(), verified(URL)]).is_told());
}

#[test]
fn another_url_has_to_be_verified_again() {
    assert!(!state([created(), verified(URL), revised(OTHER)]).is_told());
    // The answer to the challenge at the old one comes too late.
    check([created(), revised(OTHER)], verify(URL), Err(WebhookRefusal::UrlChanged));
    let renamed = WebhookSpec { name: the("desk"), ..spec(URL) };
    let renamed = WebhookEvent::Revised(Revised { spec: renamed });
    assert!(state([created(), verified(URL), renamed]).is_told());
    let again = WebhookCommand::Revise(ReviseWebhook { spec: spec(URL) });
    check([created()], again, Ok(vec![]));
}

#[test]
fn what_is_disabled_stays_so_until_somebody_enables_it() {
    let enable = || WebhookCommand::Enable(EnableWebhook { reason: None });
    let enabled = WebhookEvent::Enabled(Enabled { reason: None });
    check([created()], disable(DisableCause::Gone), Ok(vec![disabled(DisableCause::Gone)]));
    let of_url = |url: &str| {
        let url = Some(url.parse().unwrap());
        WebhookCommand::Disable(DisableWebhook { cause: DisableCause::Gone, url, reason: None })
    };
    check([created()], of_url(URL), Ok(vec![disabled(DisableCause::Gone)]));
    check([created()], of_url("https://elsewhere.example.com/"), Err(WebhookRefusal::UrlChanged));
    // The first cause stands.
    check([created(), disabled(DisableCause::Gone)], disable(DisableCause::ByHand), Ok(vec![]));
    check([created(), disabled(DisableCause::Gone)], enable(), Ok(vec![enabled]));
    check([created()], enable(), Ok(vec![]));
    assert!(!state([created(), verified(URL), disabled(DisableCause::Failing)]).is_told());
}

#[test]
fn two_secrets_sign_while_they_overlap() {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let until: Timestamp = "2026-01-01T01:00:00Z".parse().unwrap();
    let rotate = |overlap_seconds| {
        WebhookCommand::RotateSecret(RotateWebhookSecret { now, pepper_version: 1, overlap_seconds })
    };
    let rotated = || WebhookEvent::SecretRotated(SecretRotated { secret: source(2), previous_until: until });
    check([created()], rotate(Some(3_600)), Ok(vec![rotated()]));
    let too_long = WebhookRefusal::OverlapTooLong {
        overlap_seconds: OVERLAP_SECONDS_MAX + 1,
        overlap_seconds_max: OVERLAP_SECONDS_MAX,
    };
    check([created()], rotate(Some(OVERLAP_SECONDS_MAX + 1)), Err(too_long));
    let endpoint = state([created(), rotated()]);
    assert_eq!(endpoint.secrets(now), [source(2), source(1)]);
    assert_eq!(endpoint.secrets(until), [source(2)]);
}

#[test]
fn the_secret_that_receivers_go_by_is_not_ended_by_a_second_click() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let until = at("2026-01-01T01:00:00Z");
    let rotated = |version, previous_until| {
        WebhookEvent::SecretRotated(SecretRotated { secret: source(version), previous_until })
    };
    let rotate = |now, overlap_seconds| {
        WebhookCommand::RotateSecret(RotateWebhookSecret { now, pepper_version: 1, overlap_seconds })
    };
    let before = || [created(), rotated(2, until)];
    let running = at("2026-01-01T00:59:59Z");
    let refused = || Err(WebhookRefusal::RotationRunning { previous_until: until });
    check(before(), rotate(running, None), refused());
    check(before(), rotate(running, Some(1)), refused());
    check(before(), rotate(running, Some(0)), Ok(vec![rotated(3, running)]));
    check(before(), rotate(until, Some(3_600)), Ok(vec![rotated(3, at("2026-01-01T02:00:00Z"))]));
}

#[test]
fn a_secret_is_made_anew_and_is_nobody_elses() {
    use crate::{WebhookId, secret::Peppers};
    let peppers = |byte| Peppers::new([(1, zeroize::Zeroizing::new([byte; 32]))]).unwrap();
    let (one, other) = (WebhookId::from_parts(1, 1), WebhookId::from_parts(1, 2));
    let secret = |byte, id, version| signing_secret(&peppers(byte), id, source(version)).unwrap();
    assert_eq!(secret(1, one, 1), secret(1, one, 1));
    for different in [secret(2, one, 1), secret(1, other, 1), secret(1, one, 2)] {
        assert_ne!(secret(1, one, 1), different);
    }
    assert_ne!(signing_seed(&peppers(1), 1).unwrap(), secret(1, one, 1));
    let elsewhere = SecretSource { version: 1, pepper_version: 2 };
    assert!(signing_secret(&peppers(1), one, elsewhere).is_none());
}

#[test]
fn a_deleted_webhook_is_gone_for_good() {
    let delete = || WebhookCommand::Delete(DeleteWebhook { reason: None });
    check([created()], delete(), Ok(vec![deleted()]));
    check([created(), deleted()], delete(), Ok(vec![]));
    check([created(), deleted()], verify(URL), Err(WebhookRefusal::Deleted));
    check([], delete(), Err(WebhookRefusal::NotThere));
}

#[test]
fn a_webhook_that_would_be_told_nothing_is_none() {
    let create = |spec| WebhookCommand::Create(CreateWebhook { spec, pepper_version: 1 });
    let silent = WebhookSpec { events: [].into(), ..spec(URL) };
    check([], create(silent), Err(WebhookRefusal::NoEvents));
    let blind = WebhookSpec { scope: GrantScope::environments([]), ..spec(URL) };
    check([], create(blind), Err(WebhookRefusal::ScopeOfNothing));
}

#[test]
fn patterns_match_types_and_a_misspelt_one_is_refused() {
    for (pattern, event_type, expected) in [
        ("*", "api_key.revoked", true),
        ("api_key.*", "api_key.revoked", true),
        ("api_key.*", "api_client.suspended", false),
        ("api_key.revoked", "api_key.revoked", true),
        ("api_key.revoked", "api_key.revocation_scheduled", false),
        ("notice.*", "notice.key_expiring", true),
    ] {
        assert_eq!(the::<EventPattern>(pattern).matches(event_type), expected, "{pattern} {event_type}");
    }
    for wrong in
        ["", "api_key", "api_key.revoke", "api_*", "apikey.*", "**", "api_key.revoked ", "notice.nothing"]
    {
        assert!(wrong.parse::<EventPattern>().is_err(), "{wrong}");
    }
}

#[test]
fn a_url_is_plain() {
    for right in [URL, "http://127.0.0.1:8080/", "https://hooks.example.com", "https://[::1]:9/x?y=1"] {
        assert!(right.parse::<WebhookUrl>().is_ok(), "{right}");
    }
    for wrong in [
        "",
        "hooks.example.com",
        "ftp://example.com/",
        "https://",
        "https:///x",
        "https://u:p@example.com/",
        "https://example.com/#x",
        "https://example.com/ x",
        "https://example.com/\n",
        "https://exämple.com/",
    ] {
        assert!(wrong.parse::<WebhookUrl>().is_err(), "{wrong}");
    }
    assert_eq!(the::<WebhookUrl>("https://hooks.example.com:8443/t/1?k=2").host(), "hooks.example.com:8443");
}

#[test]
fn what_is_asked_of_it_is_on_record_each_time() {
    let asked = || WebhookEvent::VerificationAsked(VerificationAsked { url: the(URL) });
    check([created()], WebhookCommand::AskVerification, Ok(vec![asked()]));
    check([created(), verified(URL), asked()], WebhookCommand::AskVerification, Ok(vec![asked()]));
    let test = || WebhookCommand::AskTest(AskTest { event_type: "api_key.revoked".into() });
    let tested = WebhookEvent::TestAsked(TestAsked { event_type: "api_key.revoked".into() });
    check([created()], test(), Ok(vec![tested]));
    check([created(), deleted()], test(), Err(WebhookRefusal::Deleted));
    let delivery_id = crate::DeliveryId::from_parts(1, 1);
    let resend = || WebhookCommand::AskResend(AskResend { delivery_id });
    check([created()], resend(), Ok(vec![WebhookEvent::ResendAsked(ResendAsked { delivery_id })]));
    check([], resend(), Err(WebhookRefusal::NotThere));
    assert_eq!(state([created(), asked()]), state([created()]));
}
