//! A world in which time stands until it is moved. Nothing runs by itself but the projections: tests say when the notifier looks.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::{
    ClientId, Clock, KeyId, Metadata, NoticeName, NotificationRuleId, Timestamp, WebhookId,
    access::GrantScope,
    api_client::{
        ApiClient, ApiClientCommand, ClientFacts, ClientKind, ClientStanding, ContactRole, NewContact,
        NewOwner, RegisterClient,
    },
    api_key::{ApiKey, ApiKeyCommand, IssueKey, NewSecret, RevokeKey, RotateKey},
    metadata::ActorKind,
    notification_rule::{
        About, Cadence, DEFAULT_DAYS_BEFORE, MakeNotificationRule, NotificationRule, NotificationRuleCommand,
        Recipient, RuleSpec,
    },
    personal::PersonalValue,
    secret::{Peppers, SecretDigest},
    usage::UsageBatch,
    webhook::{CreateWebhook, VerifyWebhook, Webhook, WebhookCommand, WebhookSpec},
};
use eventlog::{EventLog, Execute, Stored, usage::UsageLog};
use jiff::{SignedDuration, tz::TimeZone};
use outbound::{Client, Policy, SystemLookup};
use outbox::{DeliveryFilter, DeliveryRow, Outbox, Page};
use projections::{FollowFailure, Projections, ReadModel, Visibility};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tempfile::TempDir;
use test_servers::{Database, Postgres};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::{
    deliver::{self, Channels},
    follow::Follower,
    mail::Smtp,
    parts::{Parts, Settings},
    templates::Templates,
    timed::Watch,
};

pub(super) struct TestClock(Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(super) struct World {
    pub(super) parts: Parts,
    pub(super) clock: Arc<TestClock>,
    pub(super) channels: Channels,
    usage: UsageLog,
    visibility: Visibility,
    _projections: JoinSet<Result<(), FollowFailure>>,
    stop: CancellationToken,
    pub(super) dir: TempDir,
}

pub(super) const NOW: &str = "2026-03-01T12:00:00Z";
pub(super) const TEAM: &str = "Orders";
pub(super) const OWNER: &str = "orders@example.com";
pub(super) const CONTACT: &str = "ada@partner.example";

pub(super) fn the<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with_mail(None).await
    }

    pub(super) async fn with_mail(mail: Option<Smtp>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let read = ReadModel::open_sqlite(&dir.path().join("read.db")).await.unwrap();
        let outbox = Outbox::open_sqlite(&dir.path().join("outbox.db")).await.unwrap();
        Self::of(dir, read, outbox, mail).await
    }

    /// What is read and what waits to be told lie there; the log does not matter to it.
    pub(super) async fn on_postgres() -> Self {
        let database = Postgres::shared().await.unwrap().database().unwrap();
        let read = postgres_schema(&database, "tollgate_read").await;
        projections::migrate_postgres(&read, None).await.unwrap();
        let outbox = postgres_schema(&database, "tollgate_outbox").await;
        outbox::migrate_postgres(&outbox, None).await.unwrap();
        let read = ReadModel::open_postgres(read).await.unwrap();
        let outbox = Outbox::open_postgres(outbox).await.unwrap();
        Self::of(tempfile::tempdir().unwrap(), read, outbox, None).await
    }

    async fn of(dir: TempDir, read: ReadModel, outbox: Outbox, mail: Option<Smtp>) -> Self {
        let clock = Arc::new(TestClock(Mutex::new(the(NOW))));
        let log = EventLog::open_sqlite(&dir.path().join("events.db"), clock.clone()).await.unwrap();
        let usage = UsageLog::open_sqlite(&dir.path().join("usage.db")).await.unwrap();
        let projections = Projections::open(read.clone(), log.clone(), usage.clone()).await.unwrap();
        let (visibility, stop) = (projections.visibility(), CancellationToken::new());
        let mut running = JoinSet::new();
        running.spawn(projections.run(stop.clone()));
        let policy = Policy { allow: vec![the("127.0.0.0/8")], deny: vec![], allow_http: true };
        let web =
            outbound::Settings { answer_within: Duration::from_millis(500), ..outbound::Settings::default() };
        let parts = Parts {
            log,
            read,
            visibility: visibility.clone(),
            outbox,
            clock: clock.clone(),
            peppers: Peppers::new([(1, Zeroizing::new([7; 32]))]).unwrap(),
            web: Client::new(policy, web, SystemLookup::default()).unwrap(),
            mail: mail.map(Arc::new),
            templates: Arc::new(Templates::new(None).unwrap()),
            public_url: the("https://tollgate.example.com"),
            zone: TimeZone::UTC,
            settings: Settings::default(),
        };
        let world = Self {
            parts,
            clock,
            channels: Channels::default(),
            usage,
            visibility,
            _projections: running,
            stop,
            dir,
        };
        // A notifier begins at the head: what is before it is told to nobody.
        world.follow().await;
        world
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn pass(&self, time: SignedDuration) {
        let mut now = self.clock.0.lock().unwrap();
        *now += time;
    }

    /// Until it is counted.
    pub(super) async fn count(&self, number: u64, batch: UsageBatch) {
        self.usage.append(Some(batch), vec![]).await.unwrap();
        assert!(self.visibility.wait_for_usage(number, Duration::from_secs(20)).await);
    }

    /// Follows the log to its head.
    pub(super) async fn follow(&self) {
        let mut follower = Follower::new(&self.parts);
        loop {
            follower.step_once().await.unwrap();
            if self.parts.outbox.checkpoint("events").await.unwrap() >= Some(self.parts.log.head()) {
                return;
            }
        }
    }

    /// Looks at what the time has brought, as a notifier that has just begun to.
    pub(super) async fn look(&self) {
        let mut watch = Watch::new(&self.parts, &self.channels);
        watch.look(self.now(), Instant::now()).await.unwrap();
    }

    /// Tries what is due.
    pub(super) async fn deliver(&self) {
        deliver::try_due(&self.parts, &self.channels).await.unwrap();
    }

    pub(super) async fn execute<A: Stored>(
        &self,
        id: A::Id,
        command: A::Command,
        personal: Vec<PersonalValue>,
    ) {
        let (expected_version, idempotency) = (None, None);
        let metadata = metadata(self.now());
        let ask: Execute<A> = Execute { id, command, metadata, expected_version, idempotency, personal };
        let done = self.parts.log.execute(ask).await.unwrap();
        let position = self.parts.log.position(done.place, Duration::from_secs(10)).await.unwrap();
        assert!(self.visibility.wait_for(position, Duration::from_secs(30)).await);
    }

    pub(super) async fn client(&self, number: u128) -> ClientId {
        self.client_of(number, OWNER, CONTACT).await
    }

    pub(super) async fn client_of(&self, number: u128, owner: &str, contact: &str) -> ClientId {
        let id = ClientId::from_parts(1, number);
        let personal = |text: &str| PersonalValue::new([7; 16], text);
        let command = RegisterClient {
            name: the("Booking"),
            kind: ClientKind::Partner,
            owner: NewOwner { team: the(TEAM), email: personal(owner) },
            contacts: vec![NewContact {
                name: personal("Ada Lovelace"),
                email: personal(contact),
                role: ContactRole::Technical,
            }],
            environments: [the("prod"), the("test")].into(),
            scopes: BTreeSet::new(),
            labels: [].into(),
        };
        let values = [owner, "Ada Lovelace", contact].map(personal).to_vec();
        self.execute::<ApiClient>(id, ApiClientCommand::Register(command), values).await;
        id
    }

    pub(super) async fn key(
        &self,
        client_id: ClientId,
        number: u128,
        expires_in: Option<SignedDuration>,
    ) -> KeyId {
        let id = KeyId::from_parts(1, number);
        let now = self.now();
        let command = IssueKey {
            now,
            client_id,
            client: ClientFacts {
                standing: ClientStanding::Active,
                environments: [the("prod"), the("test")].into(),
                scopes: BTreeSet::new(),
            },
            name: the("checkout"),
            environment: the("prod"),
            scopes: None,
            not_before: None,
            expires_at: expires_in.map(|ahead| now + ahead),
            allowed_cidrs: vec![],
            secret: secret(u8::try_from(number).unwrap(), 1),
        };
        self.execute::<ApiKey>(id, ApiKeyCommand::Issue(command), vec![]).await;
        id
    }

    pub(super) async fn revoke(&self, id: KeyId) {
        let command = RevokeKey { now: self.now(), at: None, reason: the("as agreed") };
        self.execute::<ApiKey>(id, ApiKeyCommand::Revoke(command), vec![]).await;
    }

    pub(super) async fn rotate(&self, id: KeyId, expires_in: SignedDuration) {
        let command = RotateKey {
            now: self.now(),
            client: ClientStanding::Active,
            secret: secret(200, 2),
            overlap_seconds: 0,
            expires_at: Some(self.now() + expires_in),
            reason: None,
            retire_when_idle_hours: None,
        };
        self.execute::<ApiKey>(id, ApiKeyCommand::Rotate(command), vec![]).await;
    }

    pub(super) async fn rule(
        &self,
        number: u128,
        notices: &[NoticeName],
        recipients: Vec<Recipient>,
        cadence: Cadence,
    ) {
        let spec = RuleSpec {
            name: the("Partners about their keys"),
            notices: notices.iter().copied().collect(),
            thresholds: [].into(),
            days_before: DEFAULT_DAYS_BEFORE.into(),
            about: About::default(),
            recipients,
            cadence,
            report: None,
        };
        let id = NotificationRuleId::from_parts(1, number);
        let command = NotificationRuleCommand::Make(MakeNotificationRule { spec });
        self.execute::<NotificationRule>(id, command, vec![]).await;
    }

    /// One that is verified.
    pub(super) async fn webhook(
        &self,
        number: u128,
        url: &str,
        events: &[&str],
        scope: GrantScope,
    ) -> WebhookId {
        let id = WebhookId::from_parts(1, number);
        let spec = WebhookSpec {
            name: the("desk"),
            url: the(url),
            events: events.iter().map(|text| the(text)).collect(),
            scope,
        };
        let create = WebhookCommand::Create(CreateWebhook { spec, pepper_version: 1 });
        self.execute::<Webhook>(id, create, vec![]).await;
        let verify = WebhookCommand::Verify(VerifyWebhook { url: the(url) });
        self.execute::<Webhook>(id, verify, vec![]).await;
        self.follow().await;
        id
    }

    /// The newest first.
    pub(super) async fn deliveries(&self) -> Vec<DeliveryRow> {
        self.parts.outbox.deliveries(&DeliveryFilter::default(), Page::first(1_000)).await.unwrap()
    }

    /// Types with states, the oldest first.
    pub(super) async fn told(&self) -> Vec<(String, String)> {
        let mut told: Vec<_> = self.deliveries().await;
        told.reverse();
        told.into_iter().map(|row| (row.message_type, row.state.to_string())).collect()
    }
}

async fn postgres_schema(database: &Database, schema: &str) -> PgPool {
    let options: PgConnectOptions = database.url.parse().unwrap();
    let options = options.options([("search_path", schema)]);
    let pool = PgPoolOptions::new().max_connections(6).connect_with(options).await.unwrap();
    sqlx::query(&format!("create schema {schema}")).execute(&pool).await.unwrap();
    pool
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn secret(number: u8, version: u8) -> NewSecret {
    NewSecret {
        locator: format!("{number:04}{version:06}").parse().unwrap(),
        digest: SecretDigest { pepper_version: 1, hmac: [number; 32] },
        hint: "…x7Qa".to_owned(),
    }
}

fn metadata(occurred_at: Timestamp) -> Metadata {
    Metadata {
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
