//! What a provider may say of itself, and how long we listen.

use std::time::Duration;

use serde_json::json;

use super::hostile::{AUDIENCE, DISCOVERY, Hostile, Reply, Signer, after, all_jwks, now, sign};
use crate::{Algorithm, Machines, Provider, ProviderSettings, TokenRefusal, UnfitIssuer, Web, WebSettings};

async fn prove(provider: &Hostile, machines: &Machines) -> Result<(), TokenRefusal> {
    let token = sign(Signer::Rs256, &json!({"alg": "RS256", "kid": "rsa"}), &provider.claims());
    machines.prove(&token, now()).await.map(drop)
}

async fn check(path: &str, reply: impl FnOnce(&Hostile) -> Reply, taken: bool) {
    let provider = Hostile::start().await;
    let reply = reply(&provider);
    let patience =
        if matches!(reply, Reply::Never) { Duration::from_millis(300) } else { Duration::from_secs(30) };
    let held = provider.provider_within(&[Algorithm::Rs256], patience);
    let machines = Machines::new(vec![(held, AUDIENCE.to_owned())]);
    provider.say(path, reply);
    let expected = if taken { Ok(()) } else { Err(TokenRefusal::KeysNotHad) };
    assert_eq!(prove(&provider, &machines).await, expected);
}

#[tokio::test]
async fn long_answers_redirects_and_silence_are_cut_short() {
    for path in [DISCOVERY, "/jwks"] {
        check(path, |_| Reply::Long(300 * 1024), false).await;
        check(path, |_| Reply::Never, false).await;
        check(path, |_| Reply::Status(500), false).await;
        check(path, |_| Reply::Json(json!("nothing")), false).await;
        let document = if path == DISCOVERY { None } else { Some(json!({ "keys": all_jwks() })) };
        let redirect = |provider: &Hostile| {
            provider.say("/moved", Reply::Json(document.unwrap_or_else(|| provider.document())));
            Reply::Redirect(format!("{}/moved", provider.issuer))
        };
        check(path, redirect, false).await;
    }
    check("/jwks", |_| Reply::Json(json!({ "keys": all_jwks() })), true).await;
}

#[tokio::test]
async fn a_provider_speaks_for_itself_and_points_to_where_nobody_listens_in() {
    let changed = |name: &'static str, value: &'static str| {
        move |provider: &Hostile| {
            let mut document = provider.document();
            document[name] = json!(value);
            Reply::Json(document)
        }
    };
    for (name, value) in [
        ("issuer", "https://other.example"),
        ("jwks_uri", "http://keys.example/jwks"),
        ("jwks_uri", "file:///etc/passwd"),
        ("jwks_uri", "ftp://127.0.0.1/jwks"),
        ("jwks_uri", "/jwks"),
        ("token_endpoint", "http://token.example/"),
    ] {
        check(DISCOVERY, changed(name, value), false).await;
    }
}

#[tokio::test]
async fn a_provider_does_not_send_us_to_where_we_may_not_call() {
    let (provider, elsewhere) = (Hostile::start().await, Hostile::start().await);
    let mut document = provider.document();
    document["jwks_uri"] = json!(format!("{}/jwks", elsewhere.issuer));
    provider.say(DISCOVERY, Reply::Json(document));
    let (own, everywhere) = (provider.issuer.trim_start_matches("http://").to_owned(), "127.0.0.1");
    for (allowed, expected) in [(own.as_str(), Err(TokenRefusal::KeysNotHad)), (everywhere, Ok(()))] {
        let held = provider.provider_by(&[allowed], &[Algorithm::Rs256], Duration::from_secs(30));
        let machines = Machines::new(vec![(held, AUDIENCE.to_owned())]);
        assert_eq!(prove(&provider, &machines).await, expected);
        assert_eq!(elsewhere.asked("/jwks").is_empty(), expected.is_err());
    }
}

#[tokio::test]
async fn a_provider_that_was_away_is_asked_again_soon() {
    let provider = Hostile::start().await;
    let held = provider.provider(&[Algorithm::Rs256]);
    provider.say(DISCOVERY, Reply::Status(503));
    for _ in 0..10 {
        assert!(held.doors(now()).await.is_err());
    }
    assert_eq!(provider.asked(DISCOVERY).len(), 1);
    provider.say(DISCOVERY, Reply::Json(provider.document()));
    assert!(held.doors(after(5)).await.is_ok());
    provider.say(DISCOVERY, Reply::Status(503));
    assert!(held.doors(after(86_400)).await.is_ok(), "what it said is kept for a day");
    assert!(held.doors(after(86_500)).await.is_err());
}

#[test]
fn an_issuer_is_an_address_that_nobody_can_listen_in_to() {
    let web = Web::new(&WebSettings::default()).unwrap();
    let new = |issuer: &str, algorithms: &[Algorithm]| {
        let settings = ProviderSettings { issuer: issuer.to_owned(), algorithms: algorithms.to_vec() };
        Provider::new(settings, web.clone()).map(drop)
    };
    for fit in [
        "https://login.example.com",
        "https://login.example.com/realms/ops/",
        "http://localhost:1",
        "http://[::1]:1",
    ] {
        assert_eq!(new(fit, &[Algorithm::Es256]), Ok(()), "{fit}");
    }
    for unfit in [
        "",
        "login.example.com",
        "http://login.example.com",
        "http://localhost.example.com",
        "ftp://login.example.com",
        "https://user@login.example.com",
        "https://:password@login.example.com",
        "https://login.example.com?tenant=1",
        "https://login.example.com#x",
        "mailto:login@example.com",
    ] {
        assert_eq!(new(unfit, &[Algorithm::Es256]), Err(UnfitIssuer::Address), "{unfit}");
    }
    assert_eq!(new("https://login.example.com", &[]), Err(UnfitIssuer::NoAlgorithm));
}
