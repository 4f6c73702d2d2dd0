//! The one thing that touches the router. It holds every answer to what is promised of all: a documented status,
//! a code of the catalogue, the fields that every answer has, no secret where none belongs.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::{Body, Bytes},
};
use domain::{
    Clock, Timestamp,
    access::{Principal, Role},
    metadata::ActorKind,
    secret::{Peppers, PlainSecret},
};
use eventlog::{EventLog, usage::UsageLog};
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt;
use projections::{FollowFailure, Projections, ReadModel};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use zeroize::Zeroizing;

use crate::{
    AdminTokens, Api, PartReadiness, Readiness, Settings, SystemRandom, catalogue, guard::Door, new_admin_token,
    router_of,
};

/// A clock that stands until it is moved.
pub(super) struct TestClock(Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(super) struct World {
    pub(super) door: Door,
    router: Router,
    pub(super) usage: UsageLog,
    pub(super) clock: Arc<TestClock>,
    pub(super) ready: Arc<AtomicBool>,
    admin: PlainSecret,
    nobody: PlainSecret,
    projections: JoinSet<Result<(), FollowFailure>>,
    stop: CancellationToken,
    dir: TempDir,
}

pub(super) const NOW: &str = "2026-03-01T12:00:00Z";

fn principal(id: &str, roles: Vec<Role>) -> Principal {
    Principal { id: id.to_owned(), kind: ActorKind::ServiceAccount, authenticated_by: "bootstrap_token", roles }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(Mutex::new(NOW.parse().unwrap())));
        let log = EventLog::open_sqlite(&dir.path().join("events.db"), clock.clone()).await.unwrap();
        let usage = UsageLog::open_sqlite(&dir.path().join("usage.db")).await.unwrap();
        let read = ReadModel::open_sqlite(&dir.path().join("read.db")).await.unwrap();
        let followers = Projections::open(read.clone(), log.clone(), usage.clone()).await.unwrap();
        let (visibility, stop) = (followers.visibility(), CancellationToken::new());
        let mut projections = JoinSet::new();
        projections.spawn(followers.run(stop.clone()));
        let peppers = Peppers::new([(1, Zeroizing::new([7; 32]))]).unwrap();
        let (admin, nobody) = (new_admin_token(&SystemRandom).unwrap(), new_admin_token(&SystemRandom).unwrap());
        let tokens = AdminTokens::new([
            (peppers.digest_new(&admin), principal("admin", vec![Role::Admin])),
            (peppers.digest_new(&nobody), principal("nobody", vec![])),
        ]);
        let ready = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&ready);
        let door = Door::new(Arc::new(Api {
            log,
            read,
            visibility,
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
            peppers,
            brand: "tg".to_owned(),
            admin: tokens,
            readiness: Box::new(move || readiness(asked.load(Ordering::Relaxed))),
            metrics: Box::new(|| "tollgate_up 1\n".to_owned()),
            settings,
        }));
        let (router, _) = router_of(&door);
        Self { door, router, usage, clock, ready, admin, nobody, projections, stop, dir }
    }

    /// From now on no read model follows the log.
    pub(super) async fn halt_projections(&mut self) {
        self.stop.cancel();
        while let Some(ended) = self.projections.join_next().await {
            ended.unwrap().unwrap();
        }
    }

    pub(super) fn set_now(&self, now: &str) {
        *self.clock.0.lock().unwrap() = now.parse().unwrap();
    }

    /// What is in a file beside the log.
    pub(super) fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join(name)).unwrap_or_default()
    }

    pub(super) fn admin_token(&self) -> &str {
        self.admin.expose()
    }

    pub(super) fn nobody_token(&self) -> &str {
        self.nobody.expose()
    }

    /// A request of the admin.
    pub(super) fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        let call = Call { world: self, method, path: path.into(), headers: vec![], body: Body::empty() };
        call.header("authorization", &format!("Bearer {}", self.admin.expose()))
    }

    pub(super) fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(super) fn post(&self, path: impl Into<String>, body: &Value) -> Call<'_> {
        self.call(Method::POST, path).json(body)
    }

    pub(super) fn patch(&self, path: impl Into<String>, body: &Value) -> Call<'_> {
        self.call(Method::PATCH, path).json(body)
    }

    pub(super) fn delete(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    pub(super) async fn answer(&self, router: Router, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, bytes };
        answer.check(&method, &path);
        answer
    }
}

fn readiness(ready: bool) -> Readiness {
    let part = PartReadiness { ready, detail: "as told".to_owned() };
    Readiness { ready, parts: BTreeMap::from([("test".to_owned(), part)]) }
}

/// A request on its way.
pub(super) struct Call<'world> {
    world: &'world World,
    method: Method,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Body,
}

impl Call<'_> {
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(given, _)| given != name);
        self
    }

    pub(super) fn token(self, token: &str) -> Self {
        self.without("authorization").header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn nobody(self) -> Self {
        let token = self.world.nobody.expose().to_owned();
        self.token(&token)
    }

    pub(super) fn if_match(self, tag: &str) -> Self {
        self.header("if-match", tag)
    }

    pub(super) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(super) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").body(body.to_string())
    }

    pub(super) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(super) async fn send(self) -> Answer {
        let Self { world, method, path, headers, body } = self;
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        world.answer(world.router.clone(), request.body(body).unwrap()).await
    }

    /// Sends it and expects this status.
    pub(super) async fn expect(self, status: u16) -> Answer {
        let asked = format!("{} {} {:?}", self.method, self.path, self.body);
        let answer = self.send().await;
        assert_eq!(answer.status, status, "{asked}: {}", answer.text());
        answer
    }

    /// Sends it and expects a problem with this code.
    pub(super) async fn refused(self, status: u16, code: &str) -> Value {
        let body = self.expect(status).await.json();
        assert_eq!(body["code"], code, "{body}");
        body
    }
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Bytes,
}

impl Answer {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(super) fn etag(&self) -> String {
        self.field("etag").unwrap().to_owned()
    }

    /// What is promised of every answer.
    fn check(&self, method: &Method, path: &str) {
        assert_eq!(self.field("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(self.field("content-security-policy").unwrap().starts_with("default-src 'none'"), "{path}");
        let request_id = self.field("x-request-id").unwrap();
        let is_problem = self.field("content-type") == Some("application/problem+json");
        assert_eq!(is_problem, self.status >= 400 && path != "/readyz", "{path}: {}", self.text());
        if is_problem {
            let body = self.json();
            let code = body["code"].as_str().unwrap();
            assert_eq!(body["type"], format!("/problems/{code}"));
            assert_eq!(body["status"], self.status);
            assert_eq!(body["request_id"], request_id);
            let entry = catalogue().into_iter().find(|entry| entry.code == code).expect(code);
            assert!([Some(entry.status), entry.status_in_body].contains(&Some(self.status)), "{body}");
            assert_eq!(body["title"], entry.title);
        }
        if path.starts_with("/v1/") {
            assert_eq!(self.field("cache-control"), Some("no-store"), "{path}");
            assert_no_secret(path, &self.bytes);
        }
        if let Some(documented) = documented(method, path) {
            let status = self.status.to_string();
            assert!(self.status >= 500 || documented.contains(&status), "{method} {path} answers {status}");
        }
    }
}

/// Neither a digest nor a locator in anything; a secret under its own name only.
fn assert_no_secret(path: &str, bytes: &Bytes) {
    let text = String::from_utf8_lossy(bytes);
    for word in ["digest", "hmac", "locator", "pepper"] {
        assert!(!text.contains(word), "{path}: {text}");
    }
    let shown = text.matches("tg_prod_").count();
    assert!(shown <= usize::from(text.contains("\"secret\":\"tg_prod_")), "{path}: {text}");
}

pub(super) static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(crate::openapi()).unwrap());

/// The statuses that are documented for an operation, if this is one.
fn documented(method: &Method, path: &str) -> Option<Vec<String>> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
        wanted.len() == given.len() && wanted.iter().zip(given).all(|(w, g)| w.starts_with('{') || *w == g)
    };
    let (_, operations) = paths.iter().find(|(template, _)| fits(template))?;
    let operation = operations.get(method.as_str().to_lowercase())?;
    Some(operation["responses"].as_object().unwrap().keys().cloned().collect())
}

/// Bodies that are right in every part.
pub(super) fn client_body() -> Value {
    json!({
        "name": "Acme",
        "kind": "partner",
        "owner": { "team": "Payments", "email": "payments@example.com" },
        "contacts": [{ "name": "Grace Hopper", "email": "grace@acme.example", "role": "technical" }],
        "environments": ["prod", "sandbox"],
        "scopes": ["orders:read", "orders:write"],
        "labels": { "tier": "gold" },
    })
}

pub(super) fn key_body() -> Value {
    json!({ "name": "checkout", "environment": "prod" })
}

pub(super) fn route_body(path: &str) -> Value {
    json!({ "name": "Show an order", "methods": ["GET"], "path": path })
}

pub(super) fn policy_body() -> Value {
    json!({ "name": "Standard", "rates": [{ "name": "burst", "requests": 10, "per_seconds": 1 }] })
}

pub(super) fn because() -> Value {
    json!({ "reason": "as agreed" })
}

/// Things that stand when a test begins.
pub(super) struct Fixture {
    pub(super) client: String,
    pub(super) key: String,
    pub(super) route: String,
    pub(super) policy: String,
    pub(super) assignment: String,
}

impl World {
    /// Makes a thing and gives its id.
    pub(super) async fn made(&self, path: &str, body: &Value) -> String {
        self.post(path, body).expect(201).await.json()["id"].as_str().unwrap().to_owned()
    }

    pub(super) async fn client(&self) -> String {
        self.made("/v1/clients", &client_body()).await
    }

    /// A key of the client with its secret.
    pub(super) async fn key(&self, client: &str) -> (String, String) {
        let body = self.post(format!("/v1/clients/{client}/keys"), &key_body()).expect(201).await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&body["key"]["id"]), text(&body["secret"]))
    }

    pub(super) async fn fixture(&self) -> Fixture {
        let client = self.client().await;
        let (key, _) = self.key(&client).await;
        let route = self.made("/v1/routes", &route_body("/orders/{id}")).await;
        let policy = self.made("/v1/policies", &policy_body()).await;
        let body = json!({ "client_id": client });
        let assignment = self.made(&format!("/v1/policies/{policy}/assignments"), &body).await;
        Fixture { client, key, route, policy, assignment }
    }
}

/// A body of which nothing ever comes.
pub(super) fn stalled() -> Body {
    Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>())
}

pub(super) fn content_type(answer: &Answer) -> &str {
    answer.field(header::CONTENT_TYPE.as_str()).unwrap()
}
