//! People who sign in, and those who would like to be signed in as somebody else.

use std::collections::HashMap;

use outbound::Url;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::hostile::{DISCOVERY, Hostile, Reply, Signer, after, base64, now, sign};
use crate::{
    Algorithm, Begun, Callback, CodeFlow, Finished, FlowSettings, ReturnTo, SignInRefusal, TokenRefusal,
};

const CLIENT: &str = "tollgate-console";
const REDIRECT: &str = "https://tollgate.example.com/v1/session/callback";

struct Bench {
    provider: Hostile,
    flow: CodeFlow,
}

/// What a browser has begun, and what the provider was told of it.
struct Browser {
    cookie: String,
    sent: HashMap<String, String>,
}

impl Browser {
    fn callback(&self) -> Callback {
        Callback {
            code: Some("c-1".to_owned()),
            state: Some(self.sent["state"].clone()),
            ..Callback::default()
        }
    }
}

impl Bench {
    async fn new(secret: Option<&str>) -> Self {
        let provider = Hostile::start().await;
        let settings = FlowSettings {
            client_id: CLIENT.to_owned(),
            client_secret: secret.map(Into::into),
            redirect_uri: REDIRECT.to_owned(),
            scopes: vec!["openid".to_owned(), "groups".to_owned()],
        };
        let key = Zeroizing::new([3; 32]);
        let flow = CodeFlow::new(provider.provider(&[Algorithm::Rs256]), settings, key);
        Self { provider, flow }
    }

    async fn begin(&self, binding: u8) -> Browser {
        let return_to = ReturnTo::parse("/console?view=keys").unwrap();
        let Begun { location, cookie } = self.flow.begin([binding; 32], &return_to, now()).await.unwrap();
        let url: Url = location.parse().unwrap();
        assert_eq!(url.path(), "/authorize");
        Browser { cookie, sent: url.query_pairs().into_owned().collect() }
    }

    /// The provider answers the code with an identity token that differs from a good one in this.
    fn tell(&self, browser: &Browser, changes: &Value) {
        let mut claims = self.provider.claims();
        claims["aud"] = json!(CLIENT);
        claims["nonce"] = json!(browser.sent["nonce"]);
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        self.tell_token(&sign(Signer::Rs256, &json!({"alg": "RS256", "kid": "rsa"}), &claims));
    }

    fn tell_token(&self, token: &str) {
        self.provider.say(
            "/token",
            Reply::Json(json!({"id_token": token, "token_type": "Bearer", "access_token": "a"})),
        );
    }

    async fn finish(&self, cookie: &str, callback: Callback) -> Result<Finished, SignInRefusal> {
        self.flow.finish(cookie, callback, now()).await
    }

    /// The form that the code was last exchanged with.
    fn exchanged(&self) -> Option<HashMap<String, String>> {
        let form = self.provider.asked("/token").pop()?;
        let url: Url = format!("form:?{form}").parse().unwrap();
        Some(url.query_pairs().into_owned().collect())
    }
}

#[tokio::test]
async fn a_person_signs_in_and_goes_on_where_they_were() {
    let bench = Bench::new(None).await;
    let browser = bench.begin(1).await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", REDIRECT),
        ("scope", "openid groups"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(browser.sent[name], value);
    }
    bench.tell(&browser, &json!({"email": "somebody@example.com"}));
    let finished = bench.finish(&browser.cookie, browser.callback()).await.unwrap();
    assert_eq!(finished.return_to.as_str(), "/console?view=keys");
    assert_eq!(
        (finished.identity.issuer, &*finished.identity.subject),
        (bench.provider.issuer.clone(), "u-1")
    );
    let form = bench.exchanged().unwrap();
    assert_eq!(
        (&*form["grant_type"], &*form["code"], &*form["redirect_uri"]),
        ("authorization_code", "c-1", REDIRECT)
    );
    let digest: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(&form["code_verifier"]).into();
    assert_eq!(base64(digest), browser.sent["code_challenge"]);
    assert!(!form.contains_key("client_secret"));
}

#[tokio::test]
async fn the_client_s_secret_goes_where_the_provider_takes_it() {
    let bench = Bench::new(Some("a+b c:d")).await;
    let browser = bench.begin(1).await;
    bench.tell(&browser, &json!({}));
    bench.finish(&browser.cookie, browser.callback()).await.unwrap();
    assert!(!bench.exchanged().unwrap().contains_key("client_secret"), "it went in the header");
    let bench = Bench::new(Some("a+b c:d")).await;
    let mut document = bench.provider.document();
    document["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    bench.provider.say(DISCOVERY, Reply::Json(document));
    let browser = bench.begin(1).await;
    bench.tell(&browser, &json!({}));
    bench.finish(&browser.cookie, browser.callback()).await.unwrap();
    assert_eq!(bench.exchanged().unwrap()["client_secret"], "a+b c:d");
}

#[tokio::test]
async fn a_code_brought_to_another_browser_opens_nothing() {
    let bench = Bench::new(None).await;
    let (mine, theirs) = (bench.begin(1).await, bench.begin(2).await);
    bench.tell(&mine, &json!({}));
    // My code and state in their browser, and the other way round.
    for (cookie, callback) in [(&theirs.cookie, mine.callback()), (&mine.cookie, theirs.callback())] {
        assert!(matches!(bench.finish(cookie, callback).await, Err(SignInRefusal::OtherSignIn)));
    }
    for state in [None, Some(""), Some("x"), Some(&*mine.sent["nonce"])] {
        let callback = Callback { state: state.map(str::to_owned), ..mine.callback() };
        assert!(matches!(bench.finish(&mine.cookie, callback).await, Err(SignInRefusal::OtherSignIn)));
    }
    for cookie in ["", "x", "x.y", &mine.sent["state"]] {
        assert!(matches!(bench.finish(cookie, mine.callback()).await, Err(SignInRefusal::NotBegun)));
    }
    assert!(bench.exchanged().is_none(), "the code was not even shown to the provider");
    // Their own state with my code: the token is about my sign-in, and says so by its nonce.
    let refused = bench.finish(&theirs.cookie, theirs.callback()).await;
    assert!(matches!(refused, Err(SignInRefusal::Token { source: TokenRefusal::Nonce })));
}

#[tokio::test]
async fn a_sign_in_waits_ten_minutes() {
    let bench = Bench::new(None).await;
    let browser = bench.begin(1).await;
    bench.tell(&browser, &json!({}));
    let late = bench.flow.finish(&browser.cookie, browser.callback(), after(600)).await;
    assert!(matches!(late, Err(SignInRefusal::NotBegun)));
}

#[tokio::test]
async fn one_sign_in_has_one_name_however_often_it_comes_back() {
    let bench = Bench::new(None).await;
    let (mine, theirs) = (bench.begin(1).await, bench.begin(2).await);
    let mut names = vec![];
    for browser in [&mine, &mine, &theirs] {
        bench.tell(browser, &json!({}));
        names.push(bench.finish(&browser.cookie, browser.callback()).await.unwrap().begun);
    }
    assert!(names[0] == names[1] && names[0] != names[2], "the store opens one session for each");
}

#[tokio::test]
async fn another_provider_does_not_answer_in_this_one_s_place() {
    let bench = Bench::new(None).await;
    let browser = bench.begin(1).await;
    bench.tell(&browser, &json!({}));
    let with = |iss: Option<String>| Callback { iss, ..browser.callback() };
    let other = bench.finish(&browser.cookie, with(Some("https://other.example".to_owned()))).await;
    assert!(matches!(other, Err(SignInRefusal::OtherSignIn)));
    assert!(bench.finish(&browser.cookie, with(Some(bench.provider.issuer.clone()))).await.is_ok());
    // One that says it names itself always does.
    let bench = Bench::new(None).await;
    let mut document = bench.provider.document();
    document["authorization_response_iss_parameter_supported"] = json!(true);
    bench.provider.say(DISCOVERY, Reply::Json(document));
    let browser = bench.begin(1).await;
    bench.tell(&browser, &json!({}));
    assert!(matches!(
        bench.finish(&browser.cookie, browser.callback()).await,
        Err(SignInRefusal::OtherSignIn)
    ));
}

#[tokio::test]
async fn an_identity_token_is_for_us_alone_and_of_this_sign_in() {
    use TokenRefusal as R;
    let bench = Bench::new(None).await;
    let browser = bench.begin(1).await;
    for (changes, expected) in [
        (json!({"nonce": null}), R::Nonce),
        (json!({"nonce": "other"}), R::Nonce),
        (json!({"nonce": [browser.sent["nonce"]]}), R::Nonce),
        (json!({"aud": "other"}), R::Audience),
        (json!({"aud": [CLIENT, "other"]}), R::AuthorizedParty),
        (json!({"aud": [CLIENT, "other"], "azp": "other"}), R::AuthorizedParty),
        (json!({"azp": "other"}), R::AuthorizedParty),
        (json!({"iss": "https://other.example"}), R::Issuer),
        (json!({"exp": 1}), R::Expired),
    ] {
        bench.tell(&browser, &changes);
        match bench.finish(&browser.cookie, browser.callback()).await {
            Err(SignInRefusal::Token { source }) => assert_eq!(source, expected, "{changes}"),
            other => panic!("{changes}: {other:?}"),
        }
    }
    bench.tell(&browser, &json!({"aud": [CLIENT, "other"], "azp": CLIENT}));
    assert!(bench.finish(&browser.cookie, browser.callback()).await.is_ok());
    // An access token is no identity token, though it be signed by the same.
    let access = sign(
        Signer::Rs256,
        &json!({"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}),
        &bench.provider.claims(),
    );
    bench.tell_token(&access);
    let refused = bench.finish(&browser.cookie, browser.callback()).await;
    assert!(matches!(refused, Err(SignInRefusal::Token { source: R::Type })));
}

#[tokio::test]
async fn a_provider_may_say_no() {
    let bench = Bench::new(None).await;
    let browser = bench.begin(1).await;
    let denied =
        Callback { error: Some("access_denied\r\n<b>".to_owned()), code: None, ..browser.callback() };
    match bench.finish(&browser.cookie, denied).await {
        Err(SignInRefusal::Denied { error }) => assert_eq!(error, "access_deniedb"),
        other => panic!("{other:?}"),
    }
    for reply in [Reply::Status(400), Reply::Status(302), Reply::Long(300 * 1024), Reply::Json(json!({}))] {
        bench.provider.say("/token", reply);
        let refused = bench.finish(&browser.cookie, browser.callback()).await;
        assert!(matches!(refused, Err(SignInRefusal::Code { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_person_is_shown_where_to_sign_out_at_the_provider_where_it_says_so() {
    let bench = Bench::new(None).await;
    assert_eq!(bench.flow.sign_out(now()).await, None, "it says nothing of that");
    for (said, expected) in [
        (
            "https://login.example.com/out?a=b",
            Some("https://login.example.com/out?a=b&client_id=tollgate-console"),
        ),
        // To nowhere that we would not ask ourselves; and nobody is kept from signing in by it.
        ("http://login.example.com/out", None),
        ("javascript:alert(1)", None),
        ("/out", None),
    ] {
        let bench = Bench::new(None).await;
        let mut document = bench.provider.document();
        document["end_session_endpoint"] = json!(said);
        bench.provider.say(DISCOVERY, Reply::Json(document));
        assert_eq!(bench.flow.sign_out(now()).await.as_deref(), expected, "{said}");
        bench.begin(1).await;
    }
    let bench = Bench::new(None).await;
    bench.provider.say(DISCOVERY, Reply::Status(503));
    assert_eq!(bench.flow.sign_out(now()).await, None, "nobody waits for a provider that is away");
}
