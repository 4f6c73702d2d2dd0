//! Tokens that machines show.

use serde_json::{Value, json};

use super::hostile::{AUDIENCE, Hostile, KEYS, Reply, Signer, after, base64, now, rsa_jwk, sign};
use crate::{Algorithm, Identity, Machines, TokenRefusal};

struct Bench {
    provider: Hostile,
    machines: Machines,
}

impl Bench {
    async fn new(algorithms: &[Algorithm]) -> Self {
        let provider = Hostile::start().await;
        let machines = Machines::new(vec![(provider.provider(algorithms), AUDIENCE.to_owned())]);
        Self { provider, machines }
    }

    async fn prove(&self, token: &str) -> Result<Identity, TokenRefusal> {
        self.machines.prove(token, now()).await.map(|(_, identity)| identity)
    }

    async fn check(&self, token: &str, expected: Result<(), TokenRefusal>) {
        assert_eq!(self.prove(token).await.map(drop), expected, "{token}");
    }

    /// A token whose claims differ from good ones in this.
    fn with(&self, changes: &Value) -> String {
        let mut claims = self.provider.claims();
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        sign(Signer::Rs256, &json!({"alg": "RS256", "kid": "rsa"}), &claims)
    }

    /// How often it was asked for its keys.
    fn fetches(&self) -> usize {
        self.provider.asked("/jwks").len()
    }
}

const RS: &[Algorithm] = &[Algorithm::Rs256];

#[tokio::test]
async fn a_token_signed_in_each_way_that_is_set_is_taken() {
    let bench = Bench::new(&Algorithm::ALL).await;
    for (signer, alg, kid) in [
        (Signer::Rs256, "RS256", "rsa"),
        (Signer::Ps256, "PS256", "rsa"),
        (Signer::Es256, "ES256", "ec"),
        (Signer::EdDsa, "EdDSA", "ed"),
    ] {
        for header in [
            json!({"alg": alg, "kid": kid}),
            json!({"alg": alg}),
            json!({"alg": alg, "kid": kid, "typ": "at+jwt"}),
            json!({"alg": alg, "kid": kid, "typ": "application/AT+JWT"}),
        ] {
            let token = sign(signer, &header, &bench.provider.claims());
            let identity = bench.prove(&token).await.unwrap();
            assert_eq!((identity.issuer, &*identity.subject), (bench.provider.issuer.clone(), "u-1"));
        }
    }
    assert_eq!(bench.fetches(), 1, "the keys were asked for once");
}

#[tokio::test]
async fn the_algorithm_comes_from_the_configuration_and_never_from_the_token() {
    let bench = Bench::new(RS).await;
    let claims = bench.provider.claims();
    for (signer, alg, kid) in [
        (Signer::Hs256("jwk"), "HS256", "rsa"),
        (Signer::Hs256("modulus"), "HS256", "rsa"),
        (Signer::Hs256("der"), "HS256", "rsa"),
        (Signer::Nobody, "none", "rsa"),
        (Signer::Nobody, "NONE", "rsa"),
        (Signer::Rs256, "rs256", "rsa"),
        (Signer::Rs256, "", "rsa"),
        (Signer::Ps256, "PS256", "rsa"),
        (Signer::Es256, "ES256", "ec"),
        (Signer::EdDsa, "EdDSA", "ed"),
    ] {
        let token = sign(signer, &json!({"alg": alg, "kid": kid}), &claims);
        // An empty signature is not even the form of a token.
        let why =
            if matches!(signer, Signer::Nobody) { TokenRefusal::Malformed } else { TokenRefusal::Algorithm };
        bench.check(&token, Err(why)).await;
    }
    let none = sign(Signer::Rs256, &json!({"alg": "none", "kid": "rsa"}), &claims);
    bench.check(&none, Err(TokenRefusal::Algorithm)).await;
    // The right word over the wrong signature.
    for signer in
        [Signer::Hs256("jwk"), Signer::Hs256("der"), Signer::Ps256, Signer::OtherRs256, Signer::EdDsa]
    {
        let token = sign(signer, &json!({"alg": "RS256", "kid": "rsa"}), &claims);
        bench.check(&token, Err(TokenRefusal::Signature)).await;
    }
    let token = sign(Signer::Rs256, &json!({"alg": "RS256", "kid": "ec"}), &claims);
    bench.check(&token, Err(TokenRefusal::UnknownKey)).await;
}

#[tokio::test]
async fn where_the_key_is_to_be_had_is_not_for_the_token_to_say() {
    let bench = Bench::new(RS).await;
    let elsewhere = format!("{}/elsewhere", bench.provider.issuer);
    bench.provider.say("/elsewhere", Reply::Json(json!({"keys": [rsa_jwk("rsa", &KEYS.other_rsa)]})));
    for header in [
        json!({"alg": "RS256", "kid": "rsa", "jku": elsewhere}),
        json!({"alg": "RS256", "kid": "rsa", "x5u": elsewhere}),
        json!({"alg": "RS256", "kid": "rsa", "jwk": rsa_jwk("rsa", &KEYS.other_rsa)}),
        json!({"alg": "RS256", "kid": "rsa", "x5c": ["AAAA"]}),
    ] {
        let token = sign(Signer::OtherRs256, &header, &bench.provider.claims());
        bench.check(&token, Err(TokenRefusal::Signature)).await;
    }
    assert_eq!(bench.provider.asked("/elsewhere").len(), 0);
    for header in [
        json!({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": false}),
        json!({"alg": "RS256", "kid": "rsa", "crit": []}),
        json!({"alg": "RS256", "kid": ["rsa"]}),
        json!({"kid": "rsa"}),
        json!([]),
    ] {
        let token = sign(Signer::Rs256, &header, &bench.provider.claims());
        bench.check(&token, Err(TokenRefusal::Malformed)).await;
    }
}

#[tokio::test]
async fn a_token_has_to_be_for_us_from_whom_we_trust_and_for_now() {
    use TokenRefusal as R;
    let bench = Bench::new(RS).await;
    let issuer = bench.provider.issuer.clone();
    let at = |seconds: i64| now().as_second() + seconds;
    for (changes, expected) in [
        (json!({}), Ok(())),
        (json!({"aud": ["other", AUDIENCE], "azp": "other"}), Ok(())),
        (json!({"aud": "other"}), Err(R::Audience)),
        (json!({"aud": []}), Err(R::Audience)),
        (json!({"aud": null}), Err(R::Audience)),
        (json!({"aud": {"tollgate": true}}), Err(R::Audience)),
        (json!({"aud": "Tollgate"}), Err(R::Audience)),
        (json!({"iss": "https://other.example"}), Err(R::Issuer)),
        (json!({"iss": format!("{issuer}/")}), Err(R::Issuer)),
        (json!({"iss": [issuer]}), Err(R::Issuer)),
        (json!({"iss": null}), Err(R::Issuer)),
        (json!({"exp": null}), Err(R::Expired)),
        (json!({"exp": at(-59)}), Ok(())),
        (json!({"exp": at(-60)}), Err(R::Expired)),
        (json!({"exp": "never"}), Err(R::Malformed)),
        (json!({"exp": 1e300}), Err(R::Malformed)),
        (json!({"exp": at(30), "iat": 1.5}), Ok(())),
        (json!({"nbf": at(60)}), Ok(())),
        (json!({"nbf": at(61)}), Err(R::NotYetValid)),
        (json!({"iat": at(61)}), Err(R::NotYetValid)),
        (json!({"nbf": null, "iat": null}), Ok(())),
        (json!({"sub": null}), Err(R::Subject)),
        (json!({"sub": ""}), Err(R::Subject)),
        (json!({"sub": 7}), Err(R::Subject)),
        (json!({"sub": "a b"}), Err(R::Subject)),
        (json!({"sub": "x".repeat(255)}), Ok(())),
        (json!({"sub": "x".repeat(256)}), Err(R::Subject)),
    ] {
        bench.check(&bench.with(&changes), expected).await;
    }
}

#[tokio::test]
async fn what_is_no_token_is_told_without_asking_anybody() {
    let bench = Bench::new(RS).await;
    let good = bench.with(&json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    for token in [
        "",
        "ey",
        "ey..",
        signed,
        &format!("{good}."),
        &format!("{signed}."),
        &format!("{signed}.{signature}="),
        &format!("{good} "),
        &format!("{}.{}.{signature}", base64("{}"), base64("{}")),
        &format!("ey{}", "x".repeat(9_000)),
        &format!("ey{}.a.b", "x".repeat(9_000)),
    ] {
        bench.check(token, Err(TokenRefusal::Malformed)).await;
    }
    let other = sign(
        Signer::Rs256,
        &json!({"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"}),
        &bench.provider.claims(),
    );
    bench.check(&other, Err(TokenRefusal::Type)).await;
    assert_eq!(bench.fetches(), 0);
}

#[tokio::test]
async fn a_new_key_is_found_and_an_old_one_serves_an_hour_at_most() {
    let bench = Bench::new(RS).await;
    let header = |kid| json!({"alg": "RS256", "kid": kid});
    let mut claims = bench.provider.claims();
    claims["exp"] = json!(after(100_000).as_second());
    let old = sign(Signer::Rs256, &header("rsa"), &claims);
    let new = sign(Signer::OtherRs256, &header("new"), &claims);
    bench.check(&old, Ok(())).await;
    bench.check(&new, Err(TokenRefusal::UnknownKey)).await;
    bench.provider.say("/jwks", Reply::Json(json!({"keys": [rsa_jwk("new", &KEYS.other_rsa)]})));
    let prove = async |token: &str, seconds| bench.machines.prove(token, after(seconds)).await.map(drop);
    assert_eq!(prove(&new, 29).await, Err(TokenRefusal::UnknownKey), "it is not asked again so soon");
    assert_eq!(prove(&new, 30).await, Ok(()));
    assert_eq!(prove(&old, 30).await, Err(TokenRefusal::UnknownKey));
    // A key that is withdrawn while no unknown one is named: an hour, and it is asked about.
    bench.provider.say("/jwks", Reply::Json(json!({"keys": []})));
    assert_eq!(prove(&new, 30 + 3_599).await, Ok(()));
    assert_eq!(prove(&new, 30 + 3_600).await, Err(TokenRefusal::UnknownKey));
}

#[tokio::test]
async fn while_the_provider_is_away_its_keys_serve_for_a_day() {
    let bench = Bench::new(RS).await;
    let mut claims = bench.provider.claims();
    claims["exp"] = json!(after(1_000_000).as_second());
    let token = sign(Signer::Rs256, &json!({"alg": "RS256", "kid": "rsa"}), &claims);
    let prove = async |seconds| bench.machines.prove(&token, after(seconds)).await.map(drop);
    assert_eq!(prove(0).await, Ok(()));
    bench.provider.say("/jwks", Reply::Status(503));
    assert_eq!(prove(3_600).await, Ok(()));
    assert_eq!(prove(86_399).await, Ok(()));
    assert_eq!(prove(86_400).await, Err(TokenRefusal::KeysNotHad));
}

#[tokio::test]
async fn a_clock_that_was_ahead_keeps_no_key_for_longer_and_no_new_one_out() {
    let bench = Bench::new(RS).await;
    let mut claims = bench.provider.claims();
    claims["exp"] = json!(after(1_000_000).as_second());
    let token = |signer, kid| sign(signer, &json!({"alg": "RS256", "kid": kid}), &claims);
    let (old, new) = (token(Signer::Rs256, "rsa"), token(Signer::OtherRs256, "new"));
    let prove = async |token: &str, seconds| bench.machines.prove(token, after(seconds)).await.map(drop);
    assert_eq!(prove(&old, 86_400).await, Ok(()));
    bench.provider.say("/jwks", Reply::Json(json!({"keys": [rsa_jwk("new", &KEYS.other_rsa)]})));
    assert_eq!(prove(&new, 0).await, Ok(()), "it is asked again, a day before it was last asked");
    assert_eq!(prove(&old, 0).await, Err(TokenRefusal::UnknownKey));
}

#[tokio::test]
async fn random_key_names_do_not_make_us_ask_again_and_again() {
    let bench = Bench::new(RS).await;
    let token = |kid: String| {
        sign(Signer::OtherRs256, &json!({"alg": "RS256", "kid": kid}), &bench.provider.claims())
    };
    let tokens: Vec<String> = (0..200).map(|kid| token(kid.to_string())).collect();
    let all = futures::future::join_all(tokens.iter().map(|token| bench.machines.prove(token, now()))).await;
    assert!(all.iter().all(|one| matches!(one, Err(TokenRefusal::UnknownKey))));
    assert_eq!(bench.fetches(), 1, "two hundred names, one question");
    bench.check(&bench.with(&json!({})), Ok(())).await;
    for minute in 1..=10 {
        for kid in 0..10 {
            let at = after(minute * 60);
            assert!(bench.machines.prove(&token(format!("{minute}-{kid}")), at).await.is_err());
        }
    }
    assert_eq!(bench.fetches(), 11);
}

#[tokio::test]
async fn a_key_s_name_means_nothing_at_another_issuer() {
    let (one, other) = (Hostile::start().await, Hostile::start().await);
    // Both call their key `rsa`, and the other's is another.
    other.say("/jwks", Reply::Json(json!({"keys": [rsa_jwk("rsa", &KEYS.other_rsa)]})));
    let trusted = [&one, &other].map(|provider| (provider.provider(RS), AUDIENCE.to_owned()));
    let machines = Machines::new(trusted.into());
    let header = json!({"alg": "RS256", "kid": "rsa"});
    let prove = async |signer, claims: &Value| {
        machines.prove(&sign(signer, &header, claims), now()).await.map(|(at, _)| at)
    };
    assert_eq!(prove(Signer::Rs256, &one.claims()).await, Ok(0));
    assert_eq!(prove(Signer::OtherRs256, &other.claims()).await, Ok(1));
    assert_eq!(prove(Signer::OtherRs256, &one.claims()).await, Err(TokenRefusal::Signature));
    assert_eq!(prove(Signer::Rs256, &other.claims()).await, Err(TokenRefusal::Signature));
}

#[tokio::test]
async fn one_issuer_may_be_trusted_for_two_audiences() {
    let provider = Hostile::start().await;
    let held = provider.provider(RS);
    let trusted = ["first", "second"].map(|audience| (std::sync::Arc::clone(&held), audience.to_owned()));
    let machines = Machines::new(trusted.into());
    let mut claims = provider.claims();
    claims["aud"] = json!("second");
    let token = sign(Signer::Rs256, &json!({"alg": "RS256", "kid": "rsa"}), &claims);
    assert_eq!(machines.prove(&token, now()).await.unwrap().0, 1);
}
