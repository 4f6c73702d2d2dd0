//! What is signed, what is verified, and what is not taken.

use std::time::Duration;

use domain::Timestamp;
use proptest::prelude::*;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::{SECRET, now, signer};
use crate::webhooks::signature::{
    InvalidKey, PublicKey, Received, SignatureRefusal, Signer, SigningKey, TOLERANCE, Verifier,
    WebhookSecret, sign, verify,
};

const ID: &str = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
const BODY: &[u8] = br#"{"email":"test@example.com","username":"test_user"}"#;
const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
const AT: &str = "1649367553";

fn received(signature: &str) -> Received<'_> {
    Received { id: ID, timestamp: AT, signature, body: BODY }
}

fn secret() -> Verifier {
    SECRET.parse().unwrap()
}

fn other() -> WebhookSecret {
    WebhookSecret::from_random(&Zeroizing::new([7; 32]))
}

fn signing_key() -> SigningKey {
    SigningKey::from_seed(&[9; 32]).unwrap()
}

#[track_caller]
fn check(verifiers: &[Verifier], received: &Received<'_>, expected: Result<(), SignatureRefusal>) {
    assert_eq!(verify(verifiers, received, now(), TOLERANCE), expected, "{received:?}");
}

#[test]
fn the_published_vector_is_signed_and_verified() {
    assert_eq!(sign(&[signer()], ID, now(), BODY), SIGNATURE);
    check(&[secret()], &received(SIGNATURE), Ok(()));
}

#[test]
fn a_rotation_overlaps_on_both_sides() {
    let both = sign(&[Signer::Secret(other()), signer()], ID, now(), BODY);
    assert_eq!(both.split(' ').count(), 2);
    check(&[secret()], &received(&both), Ok(()));
    check(&[Verifier::Secret(other())], &received(&both), Ok(()));
    check(&[Verifier::Secret(other()), secret()], &received(SIGNATURE), Ok(()));
    let all = sign(&[signer(), Signer::Key(signing_key())], ID, now(), BODY);
    check(&[Verifier::Key(signing_key().public())], &received(&all), Ok(()));
    check(&[secret()], &received(&all), Ok(()));
}

#[test]
fn whatever_is_changed_is_noticed() {
    let none = Err(SignatureRefusal::NoMatch);
    let public = Verifier::Key(signing_key().public());
    let asymmetric = sign(&[Signer::Key(signing_key())], ID, now(), BODY);
    for (verifier, signature) in [(secret(), SIGNATURE), (public.clone(), asymmetric.as_str())] {
        let right = received(signature);
        let verifiers = &[verifier];
        check(verifiers, &right, Ok(()));
        check(verifiers, &Received { id: "msg_other", ..right }, none);
        check(verifiers, &Received { timestamp: "1649367554", ..right }, none);
        check(verifiers, &Received { timestamp: "01649367553", ..right }, none);
        check(verifiers, &Received { body: b"{}", ..right }, none);
        check(verifiers, &Received { body: b"", ..right }, none);
    }
    check(&[Verifier::Secret(other())], &received(SIGNATURE), none);
    check(&[], &received(SIGNATURE), none);
    // A signature proves by its own scheme and by no other.
    check(&[secret()], &received(&SIGNATURE.replace("v1,", "v1a,")), none);
    check(&[public], &received(&asymmetric.replace("v1a,", "v1,")), none);
}

#[test]
fn signatures_that_are_not_known_are_passed_over() {
    for before in ["v2,AAAA", "v1", "", "v1,", "v1,not base64", "v1,AAAA", ",", "v1a,AAAA"] {
        check(&[secret()], &received(&format!("{before} {SIGNATURE}")), Ok(()));
        check(&[secret()], &received(before), Err(SignatureRefusal::NoMatch));
    }
    let many = "v1,AAAA ".repeat(16) + SIGNATURE;
    check(&[secret()], &received(&many), Err(SignatureRefusal::NoMatch));
}

#[test]
fn a_webhook_is_of_now_or_not_taken() {
    let at = |seconds: i64| {
        let at = Timestamp::from_second(now().as_second() + seconds).unwrap();
        let timestamp = at.as_second().to_string();
        let signature = sign(&[signer()], ID, at, BODY);
        let received = Received { id: ID, timestamp: &timestamp, signature: &signature, body: BODY };
        verify(&[secret()], &received, now(), TOLERANCE)
    };
    assert_eq!((at(-300), at(300)), (Ok(()), Ok(())));
    assert_eq!(at(-301), Err(SignatureRefusal::TooOld));
    assert_eq!(at(301), Err(SignatureRefusal::TooNew));
    for timestamp in ["", "now", "1649367553.0", "+1649367553", "-1", "99999999999999999999"] {
        let received = Received { timestamp, ..received(SIGNATURE) };
        check(&[secret()], &received, Err(SignatureRefusal::NoTimestamp));
    }
    for id in ["", "msg_1.1649367553"] {
        check(&[secret()], &Received { id, ..received(SIGNATURE) }, Err(SignatureRefusal::NoId));
    }
    let none = Duration::ZERO;
    assert_eq!(verify(&[secret()], &received(SIGNATURE), now(), none), Ok(()));
}

#[test]
fn a_secret_has_24_to_64_bytes() {
    let text = |bytes: usize| format!("whsec_{}", base64(&vec![1; bytes]));
    for (bytes, taken) in
        [(0, false), (1, false), (23, false), (24, true), (32, true), (64, true), (65, false)]
    {
        let read = text(bytes).parse::<WebhookSecret>();
        assert_eq!(read.is_ok(), taken, "{bytes} bytes");
    }
    for wrong in [
        "",
        "whsec_",
        "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        "whsec_C2FVsBQI hrscChlQIMV+b5sSYspob7oD",
        "whpk_AAAA",
    ] {
        assert_eq!(wrong.parse::<WebhookSecret>().unwrap_err(), InvalidKey::Secret, "{wrong}");
    }
}

#[test]
fn keys_are_written_as_they_are_read_and_show_themselves_to_nobody() {
    let secret = other();
    let text = secret.expose();
    let again: WebhookSecret = text.expose_secret().parse().unwrap();
    assert_eq!(again.expose().expose_secret(), text.expose_secret());
    let key = signing_key();
    let again: SigningKey = key.expose().expose_secret().parse().unwrap();
    assert_eq!(again.public(), key.public());
    let public = key.public().to_string();
    assert!(public.starts_with("whpk_") && public.parse::<PublicKey>() == Ok(key.public()), "{public}");
    assert_eq!("whpk_AAAA".parse::<PublicKey>(), Err(InvalidKey::PublicKey));
    assert_eq!("whsk_AAAA".parse::<SigningKey>().unwrap_err(), InvalidKey::SigningKey);
    assert_eq!("AAAA".parse::<Verifier>().unwrap_err(), InvalidKey::Neither);
    let shown = format!("{secret:?} {key:?} {:?}", Signer::Key(key.clone()));
    assert_eq!(shown, "WebhookSecret(..) SigningKey(..) Key(SigningKey(..))");
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

proptest! {
    /// Another library takes what we sign, and we take what it signs.
    #[test]
    fn another_library_signs_and_verifies_the_same(
        secret in prop::collection::vec(any::<u8>(), 24..=64),
        body in ".{0,200}",
        seconds in 0_i64..4_000_000_000,
    ) {
        let text = format!("whsec_{}", base64(&secret));
        let theirs = standardwebhooks::Webhook::new(&text).unwrap();
        let ours: WebhookSecret = text.parse().unwrap();
        let at = Timestamp::from_second(seconds).unwrap();
        let signature = sign(&[Signer::Secret(ours.clone())], ID, at, body.as_bytes());
        prop_assert_eq!(&signature, &theirs.sign(ID, seconds, body.as_bytes()).unwrap());
        let timestamp = seconds.to_string();
        let received = Received { id: ID, timestamp: &timestamp, signature: &signature, body: body.as_bytes() };
        prop_assert_eq!(verify(&[Verifier::Secret(ours)], &received, at, TOLERANCE), Ok(()));
    }
}
