//! The one thing that touches the router. It holds every answer to what is promised of all: a documented status,
//! a code of the catalogue, the fields that every answer has, no secret where none belongs.

mod answer;
mod gateways;
mod holders;
mod previews;
mod stores;
mod things;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body};
use domain::{
    Clock, KeyId, Timestamp,
    access::{HeldGrant, Principal, PrincipalKind, Role},
    metadata::ActorKind,
    secret::{Peppers, PlainSecret},
};
use eventlog::{checkpoint::SignedCheckpoint, signer::Signer, usage::UsageLog};
use http::{Method, Request};
use http_body_util::BodyExt;
use projections::{FollowFailure, Projections};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use zeroize::Zeroizing;

use gateways::ToldGateways;
use previews::ToldPreviews;
use stores::Stores;

pub(super) use answer::{Answer, DOCUMENT, content_type};
pub(super) use stores::{On, on_every_engine};
pub(super) use things::{
    Fixture, because, client_body, key_body, notification_rule_body, policy_body, route_body, stalled,
    suspension_body, webhook_body,
};

use crate::{
    AccessIndex, AdminTokens, Api, FindHolder, GatewayNodes, GithubKeys, LeakPolicy, Leaks, PartReadiness,
    Proxies, Readiness, Settings, SharedSecret, SystemRandom, guard::Door, new_admin_token, router_of,
    worker::Worker,
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
    pub(super) holders: Holders,
    router: Router,
    pub(super) usage: UsageLog,
    pub(super) clock: Arc<TestClock>,
    pub(super) ready: Arc<AtomicBool>,
    pub(super) gateways: Arc<ToldGateways>,
    /// The token that calls come with, and whose it is.
    admin: String,
    pub(super) admin_id: String,
    nobody: PlainSecret,
    projections: JoinSet<Result<(), FollowFailure>>,
    /// The access index, which goes on whatever becomes of the read models.
    _following: JoinSet<()>,
    _sequencer: JoinSet<()>,
    stop: CancellationToken,
    dir: TempDir,
}

/// What the generic receiver and its senders share.
pub(super) const SHARED: &str = "a-shared-secret-of-32-characters";

/// The proxies that are trusted.
pub(super) const PROXY: &str = "10.0.0.0/8";

pub(super) const NOW: &str = "2026-03-01T12:00:00Z";

fn principal(id: &str, roles: Vec<Role>) -> Principal {
    Principal {
        id: id.to_owned(),
        kind: PrincipalKind::Bootstrap,
        authenticated_by: "bootstrap_token",
        grants: roles.into_iter().map(HeldGrant::built_in).collect(),
    }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(super) async fn on(engine: On) -> Self {
        Self::open(engine, Settings::default(), leaks, None).await
    }

    /// Nobody has opened the receivers of leaks.
    pub(super) async fn without_receivers() -> Self {
        Self::open(On::Sqlite, Settings::default(), |_| Leaks::closed(), None).await
    }

    /// People sign in by this provider.
    pub(super) async fn signing_in(provider: &super::provider::TestProvider) -> Self {
        Self::open(On::Sqlite, Settings::default(), leaks, Some(provider)).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        Self::open(On::Sqlite, settings, leaks, None).await
    }

    #[expect(clippy::too_many_lines, reason = "one part after the other")]
    async fn open(
        engine: On,
        settings: Settings,
        leaks: fn(Holders) -> Leaks,
        provider: Option<&super::provider::TestProvider>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(Mutex::new(NOW.parse().unwrap())));
        let usage = UsageLog::open_sqlite(&dir.path().join("usage.db")).await.unwrap();
        let Stores { log, read, outbox, sequencer } = Stores::open(engine, dir.path(), clock.clone()).await;
        let followers = Projections::open(read.clone(), log.clone(), usage.clone()).await.unwrap();
        let (visibility, stop) = (followers.visibility(), CancellationToken::new());
        let mut projections = JoinSet::new();
        projections.spawn(followers.run(stop.clone()));
        let peppers = Peppers::new([(1, Zeroizing::new([7; 32]))]).unwrap();
        let (admin, nobody) =
            (new_admin_token(&SystemRandom).unwrap(), new_admin_token(&SystemRandom).unwrap());
        let tokens = AdminTokens::new(
            [
                (peppers.digest_new(&admin), principal("admin", vec![Role::Admin])),
                (
                    peppers.digest_new(&nobody),
                    Principal { kind: PrincipalKind::Person, ..principal("nobody", vec![]) },
                ),
            ]
            .into_iter()
            .chain(holders::all(&peppers)),
        );
        let holders = Holders::default();
        let ready = Arc::new(AtomicBool::new(true));
        let asked = Arc::clone(&ready);
        let gateways = Arc::<ToldGateways>::default();
        let access = Arc::<AccessIndex>::default();
        let mut following = JoinSet::new();
        following.spawn(crate::access::follow(access.clone(), log.clone(), CancellationToken::new()));
        while !access.is_complete() {
            tokio::task::yield_now().await;
        }
        let sign_in = super::provider::sign_in(read.clone(), &peppers, provider);
        let door = Door::new(Arc::new(Api {
            log,
            read,
            outbox,
            visibility,
            nodes: GatewayNodes::listening(),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
            peppers,
            brand: "tg".to_owned(),
            admin: tokens,
            access: access.clone(),
            gateways: gateways.clone(),
            previews: Box::new(ToldPreviews),
            told_usage: Arc::new(usage.clone()),
            openapi: DOCUMENT.to_string(),
            readiness: Box::new(move || readiness(asked.load(Ordering::Relaxed))),
            metrics: Box::new(|| "tollgate_up 1\n".to_owned()),
            settings,
            node: "test".parse().unwrap(),
            uploads: crate::Uploads::in_dir(dir.path().join("uploads")),
            report_files: crate::ReportFiles::in_dir(dir.path().join("reports")),
            sign_in,
            observer: crate::Observer::default(),
            token_uses: crate::TokenUses::default(),
            proxies: Proxies { trusted: vec![PROXY.parse().unwrap()], ..Proxies::default() },
            leaks: leaks(holders.clone()),
            outbound: outbound::Policy::default(),
            stopping: stop.clone(),
        }));
        let (router, _) = router_of(&door);
        Self {
            door,
            holders,
            router,
            usage,
            clock,
            ready,
            gateways,
            admin: admin.expose().to_owned(),
            admin_id: "admin".to_owned(),
            nobody,
            projections,
            _following: following,
            _sequencer: sequencer,
            stop,
            dir,
        }
    }

    /// The installation is claimed: calls are those of the first administrator from now on.
    pub(super) async fn claim(&mut self) {
        let made = self.post("/v1/claim", &serde_json::json!({ "name": "Ada" })).expect(201).await.json();
        self.as_person(made["person"]["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    }

    /// Calls are those of this person from now on.
    pub(super) fn as_person(&mut self, id: &str, token: &str) {
        (self.admin_id, self.admin) = (id.to_owned(), token.to_owned());
    }

    /// Somebody works on operations until none moves.
    pub(super) async fn work(&self) {
        let mut worker = Worker::new(Arc::clone(self.door.api()));
        while worker.work().await {
            self.shown().await;
        }
    }

    /// The log is signed as it is now.
    pub(super) async fn sign(&self) -> SignedCheckpoint {
        let seeds = vec![Zeroizing::new([5; 32])];
        let mut signer = Signer::new(self.door.api().log.clone(), seeds, None);
        signer.sign(None, self.door.now()).await.unwrap().unwrap()
    }

    /// Reads show all that is on record.
    pub(super) async fn shown(&self) {
        let head = self.door.api().log.head();
        assert!(self.door.api().visibility.wait_for(head, Duration::from_secs(10)).await);
    }

    /// What was observed is on record, also of the minute that is not over.
    pub(super) async fn observed(&self) {
        self.door.api().flush_observations(true).await;
        self.shown().await;
    }

    /// The access index knows all that is on record.
    pub(super) async fn accessible(&self) {
        let head = self.door.api().log.head();
        assert!(self.door.api().access.wait_for(head, Duration::from_secs(10)).await);
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
        &self.admin
    }

    pub(super) fn nobody_token(&self) -> &str {
        self.nobody.expose()
    }

    /// A request of the admin.
    pub(super) fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        let call = Call {
            world: self,
            method,
            path: path.into(),
            headers: vec![],
            body: Body::empty(),
            address: None,
        };
        call.header("authorization", &format!("Bearer {}", self.admin))
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

/// Both receivers open; whose secret it is, tests say.
fn leaks(holders: Holders) -> Leaks {
    let key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUqkCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==";
    let keys = serde_json::json!({ "public_keys": [{ "key_identifier": "k1", "key": key }] });
    Leaks {
        holders: Some(Box::new(holders)),
        github: Some(GithubKeys::fixed(&keys.to_string()).unwrap()),
        shared: Some(SharedSecret::new(SHARED.into()).unwrap()),
        policies: [("sandbox".parse().unwrap(), LeakPolicy::Revoke)].into(),
        ..Leaks::closed()
    }
}

/// Whose secrets tests have made.
#[derive(Clone, Default)]
pub(super) struct Holders(Arc<Mutex<BTreeMap<String, (KeyId, u32)>>>);

impl Holders {
    pub(super) fn know(&self, secret: &str, key: &str, version: u32) {
        self.0.lock().unwrap().insert(secret.to_owned(), (key.parse().unwrap(), version));
    }
}

impl FindHolder for Holders {
    fn holder(&self, secret: &str) -> Option<(KeyId, u32)> {
        self.0.lock().unwrap().get(secret).copied()
    }
}

/// Of a command that no request gave.
pub(super) fn metadata(occurred_at: Timestamp) -> domain::Metadata {
    domain::Metadata {
        occurred_at,
        actor: "tester".to_owned(),
        actor_kind: ActorKind::System,
        authenticated_by: "internal".to_owned(),
        on_behalf_of: None,
        allowed_by: "role:admin".to_owned(),
        address: None,
        user_agent: None,
        request_id: "r".to_owned(),
        correlation_id: "r".to_owned(),
        causation_id: None,
        reason: None,
        command_id: "c".to_owned(),
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
    address: Option<std::net::SocketAddr>,
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

    /// Of whoever holds a role, over everything or within a team or an environment: `viewer`, `operator@Payments`.
    pub(super) fn holder(self, name: &str) -> Self {
        self.token(&holders::token(name))
    }

    /// From this address; others come from nowhere.
    pub(super) fn from(self, address: std::net::SocketAddr) -> Self {
        Self { address: Some(address), ..self }
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
        let Self { world, method, path, headers, body, address } = self;
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(body).unwrap();
        if let Some(address) = address {
            request.extensions_mut().insert(axum::extract::ConnectInfo(address));
        }
        world.answer(world.router.clone(), request).await
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
