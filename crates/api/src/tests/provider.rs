//! An identity provider on a free port that vouches for whomever a test names.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, routing::get};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    access::{GrantScope, Role},
    secret::Peppers,
};
use outbound::Policy;
use projections::ReadModel;
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};
use sign_in::{
    Algorithm, BudgetSettings, CodeFlow, FlowSettings, Origin, Provider, ProviderSettings, Rule,
    SessionLimits, Web, WebSettings,
};
use tokio::task::JoinSet;

use crate::sign_in::{Given, Issuer, People, SignIn, sealing_key};

pub(super) const ORIGIN: &str = "https://tollgate.example.com";
const CLIENT: &str = "console";
const AUDIENCE: &str = "tollgate-api";

pub(super) struct TestProvider {
    pub(super) issuer: String,
    key: Ed25519KeyPair,
    token: Arc<Mutex<Value>>,
    /// Whether it is set that unknown people come in.
    pub(super) admits: bool,
    _serving: JoinSet<std::io::Result<()>>,
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

impl TestProvider {
    pub(super) async fn start(admits: bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap();
        let document = json!({
            "issuer": issuer, "jwks_uri": format!("{issuer}/jwks"),
            "authorization_endpoint": format!("{issuer}/authorize"), "token_endpoint": format!("{issuer}/token"),
            "end_session_endpoint": format!("{issuer}/out"),
        });
        let x = base64(key.public_key());
        let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]});
        let token = Arc::<Mutex<Value>>::default();
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(|| async { Json(document) }))
            .route("/jwks", get(|| async { Json(keys) }))
            .route("/token", axum::routing::post(answer))
            .with_state(Arc::clone(&token));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await });
        Self { issuer, key, token, admits, _serving: serving }
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "kid": "k"});
        let message = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
        format!("{message}.{}", base64(self.key.sign(message.as_bytes())))
    }

    /// The next code is answered with a token about this person.
    pub(super) fn vouch(&self, subject: &str, nonce: &str, groups: &[&str], now: i64) {
        let claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": subject, "nonce": nonce, "groups": groups,
            "iat": now, "exp": now + 300, "name": "Ada", "email": "ada@example.com", "email_verified": true,
        });
        *self.token.lock().unwrap() = json!({"id_token": self.sign(&claims)});
    }

    pub(super) fn machine(&self, subject: &str, audience: &str, now: i64) -> String {
        self.sign(&json!({
            "iss": self.issuer, "aud": audience, "sub": subject, "iat": now, "exp": now + 300,
        }))
    }
}

async fn answer(State(token): State<Arc<Mutex<Value>>>) -> Json<Value> {
    Json(token.lock().unwrap().clone())
}

/// What claims give: the group `g-view` to people, the subject `ci` to machines.
pub(super) fn sign_in(read: ReadModel, peppers: &Peppers, provider: Option<&TestProvider>) -> SignIn {
    let origin = Origin::of(ORIGIN).unwrap();
    let closed = SignIn::new(read, origin, SessionLimits::default(), BudgetSettings::default());
    let Some(known) = provider else { return closed };
    let settings = ProviderSettings { issuer: known.issuer.clone(), algorithms: vec![Algorithm::EdDsa] };
    let policy = Policy { allow: vec!["127.0.0.1".parse().unwrap()], allow_http: true, ..Policy::default() };
    let web = Web::new(&WebSettings { policy, ..WebSettings::default() }).unwrap();
    let provider = Arc::new(Provider::new(settings, web).unwrap());
    let rule = |claim: &str, value: &str, role| Rule {
        claim: claim.to_owned(),
        value: value.to_owned(),
        gives: Given { role, scope: GrantScope::All },
    };
    let flow = FlowSettings {
        client_id: CLIENT.to_owned(),
        client_secret: Some("secret".into()),
        redirect_uri: format!("{ORIGIN}/v1/session/callback"),
        scopes: vec!["openid".to_owned()],
    };
    let flow = CodeFlow::new(Arc::clone(&provider), flow, sealing_key(peppers));
    let rules = vec![rule("groups", "g-view", Role::Viewer), rule("groups", "g-access", Role::AccessAdmin)];
    let people = People { flow, rules, admit_unknown: known.admits };
    let machines =
        Issuer { provider, audience: AUDIENCE.to_owned(), rules: vec![rule("sub", "ci", Role::Viewer)] };
    closed.with_people(Some(people)).with_machines(vec![machines])
}
