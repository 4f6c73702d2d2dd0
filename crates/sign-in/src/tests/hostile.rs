//! A provider on a free port that answers and signs whatever a test tells it to.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use outbound::Policy;
use parking_lot::Mutex;
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::task::JoinSet;

use crate::{Algorithm, Provider, ProviderSettings, Web, WebSettings};

pub(super) const AUDIENCE: &str = "tollgate";

pub(super) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(super) fn after(seconds: u64) -> Timestamp {
    now() + Duration::from_secs(seconds)
}

/// The keys that it signs with.
pub(super) struct Keys {
    pub(super) rsa: RsaKeyPair,
    pub(super) other_rsa: RsaKeyPair,
    pub(super) ec: EcdsaKeyPair,
    pub(super) ed: Ed25519KeyPair,
}

pub(super) static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    Keys {
        rsa: RsaKeyPair::from_pkcs8(include_bytes!("keys/rsa_one.pk8")).unwrap(),
        other_rsa: RsaKeyPair::from_pkcs8(include_bytes!("keys/rsa_other.pk8")).unwrap(),
        ec: EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, ec.as_ref(), &random).unwrap(),
        ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
    }
});

/// How a token is signed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signer {
    Rs256,
    OtherRs256,
    Ps256,
    Es256,
    EdDsa,
    /// With a public key of the provider as the secret.
    Hs256(&'static str),
    Nobody,
}

pub(super) fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn rsa_jwk(kid: &str, key: &RsaKeyPair) -> Value {
    let public: ring::rsa::PublicKeyComponents<Vec<u8>> = key.public().into();
    json!({"kty": "RSA", "kid": kid, "n": base64(public.n), "e": base64(public.e)})
}

/// All public keys: `rsa`, `ec`, `ed`.
pub(super) fn all_jwks() -> Vec<Value> {
    let point = KEYS.ec.public_key().as_ref();
    vec![
        rsa_jwk("rsa", &KEYS.rsa),
        json!({"kty": "EC", "crv": "P-256", "kid": "ec", "x": base64(&point[1..33]), "y": base64(&point[33..])}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": base64(KEYS.ed.public_key())}),
    ]
}

fn rsa(key: &RsaKeyPair, padding: &'static dyn ring::signature::RsaEncoding, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

pub(super) fn sign(signer: Signer, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
    let bytes = message.as_bytes();
    let signature = match signer {
        Signer::Rs256 => rsa(&KEYS.rsa, &RSA_PKCS1_SHA256, bytes),
        Signer::OtherRs256 => rsa(&KEYS.other_rsa, &RSA_PKCS1_SHA256, bytes),
        Signer::Ps256 => rsa(&KEYS.rsa, &RSA_PSS_SHA256, bytes),
        Signer::Es256 => KEYS.ec.sign(&SystemRandom::new(), bytes).unwrap().as_ref().to_vec(),
        Signer::EdDsa => KEYS.ed.sign(bytes).as_ref().to_vec(),
        Signer::Hs256(what) => {
            let public: ring::rsa::PublicKeyComponents<Vec<u8>> = KEYS.rsa.public().into();
            let secret = match what {
                "modulus" => public.n,
                "der" => KEYS.rsa.public().as_ref().to_vec(),
                _ => rsa_jwk("rsa", &KEYS.rsa).to_string().into_bytes(),
            };
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&secret).unwrap();
            mac.update(bytes);
            mac.finalize().into_bytes().to_vec()
        }
        Signer::Nobody => vec![],
    };
    format!("{message}.{}", base64(signature))
}

/// What a path answers.
#[derive(Clone)]
pub(super) enum Reply {
    Json(Value),
    /// So many bytes of a document that would be fine.
    Long(usize),
    Status(u16),
    Redirect(String),
    Never,
}

#[derive(Default)]
struct Script {
    replies: Mutex<HashMap<String, Reply>>,
    asked: Mutex<Vec<(String, String)>>,
}

pub(super) struct Hostile {
    pub(super) issuer: String,
    script: Arc<Script>,
    /// Ends with it.
    _serving: JoinSet<std::io::Result<()>>,
}

pub(super) const DISCOVERY: &str = "/.well-known/openid-configuration";

impl Hostile {
    /// One that behaves, at first.
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let script = Arc::new(Script::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await });
        let hostile = Self { issuer: format!("http://{address}"), script, _serving: serving };
        hostile.say(DISCOVERY, Reply::Json(hostile.document()));
        hostile.say("/jwks", Reply::Json(json!({ "keys": all_jwks() })));
        hostile
    }

    pub(super) fn document(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": self.issuer, "jwks_uri": at("/jwks"),
            "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
        })
    }

    pub(super) fn say(&self, path: &str, reply: Reply) {
        self.script.replies.lock().insert(path.to_owned(), reply);
    }

    /// The bodies that it was asked with at this path.
    pub(super) fn asked(&self, path: &str) -> Vec<String> {
        let asked = self.script.asked.lock();
        asked.iter().filter(|(at, _)| at == path).map(|(_, body)| body.clone()).collect()
    }

    pub(super) fn provider(&self, algorithms: &[Algorithm]) -> Arc<Provider> {
        self.provider_within(algorithms, Duration::from_secs(30))
    }

    /// Listened to for so long.
    pub(super) fn provider_within(&self, algorithms: &[Algorithm], answer_within: Duration) -> Arc<Provider> {
        self.provider_by(&["127.0.0.1"], algorithms, answer_within)
    }

    /// Asked only at these hosts.
    pub(super) fn provider_by(
        &self,
        allow: &[&str],
        algorithms: &[Algorithm],
        answer_within: Duration,
    ) -> Arc<Provider> {
        let allow = allow.iter().map(|text| text.parse().unwrap()).collect();
        let policy = Policy { allow, allow_http: true, ..Policy::default() };
        let web = WebSettings { answer_within, policy, ..WebSettings::default() };
        let settings = ProviderSettings { issuer: self.issuer.clone(), algorithms: algorithms.to_vec() };
        Arc::new(Provider::new(settings, Web::new(&web).unwrap()).unwrap())
    }

    /// Claims that a machine's token may have.
    pub(super) fn claims(&self) -> Value {
        let now = now().as_second();
        json!({"iss": self.issuer, "sub": "u-1", "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 300})
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    script.asked.lock().push((path.clone(), String::from_utf8_lossy(&body).into_owned()));
    let reply = script.replies.lock().get(&path).cloned();
    let status = |code: u16| Response::builder().status(code);
    match reply {
        Some(Reply::Json(value)) => Response::new(Body::from(value.to_string())),
        Some(Reply::Long(bytes)) => {
            Response::new(Body::from(format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(bytes))))
        }
        Some(Reply::Status(code)) => status(code).body(Body::empty()).unwrap(),
        Some(Reply::Redirect(to)) => status(302).header("location", to).body(Body::empty()).unwrap(),
        Some(Reply::Never) => std::future::pending().await,
        None => status(404).body(Body::empty()).unwrap(),
    }
}
