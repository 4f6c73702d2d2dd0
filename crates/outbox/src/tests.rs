//! What both engines keep to: each rule takes an empty outbox.

mod again;
mod claims;
mod crashes;
mod digests;
mod endpoints;
mod erasure;
mod handovers;
mod lists;
mod reports;
mod schema;

use std::{ops::Deref, time::Duration};

use domain::{DeliveryId, MessageId, NotificationRuleId, Position, Timestamp, WebhookId};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tempfile::TempDir;
use test_servers::{Database, Postgres};

use crate::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    Sqlite,
    Postgres,
}

/// One test of each rule on each engine.
macro_rules! on_every_engine {
    ($($rule:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(crate::tests::Room::new(crate::tests::On::Sqlite).await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(crate::tests::Room::new(crate::tests::On::Postgres).await).await;
            })+
        }
    };
}
use on_every_engine;

/// An empty outbox, and where it is kept.
struct Room {
    outbox: Outbox,
    place: Place,
}

enum Place {
    File(TempDir),
    Server(Database),
}

impl Deref for Room {
    type Target = Outbox;
    fn deref(&self) -> &Outbox {
        &self.outbox
    }
}

impl Room {
    async fn new(on: On) -> Self {
        match on {
            On::Sqlite => {
                let dir = tempfile::tempdir().unwrap();
                let outbox = Outbox::open_sqlite(&dir.path().join("outbox.db")).await.unwrap();
                Self { outbox, place: Place::File(dir) }
            }
            On::Postgres => {
                let database = Postgres::shared().await.unwrap().database().unwrap();
                let pool = pool(&database).await;
                sqlx::query("create schema tollgate_outbox").execute(&pool).await.unwrap();
                migrate_postgres(&pool, None).await.unwrap();
                let outbox = Outbox::open_postgres(pool).await.unwrap();
                Self { outbox, place: Place::Server(database) }
            }
        }
    }

    /// As another process sees it; as the same does after a start on the embedded engine.
    async fn again(&self) -> Outbox {
        match &self.place {
            Place::File(dir) => {
                self.outbox.close().await;
                Outbox::open_sqlite(&dir.path().join("outbox.db")).await.unwrap()
            }
            Place::Server(database) => Outbox::open_postgres(pool(database).await).await.unwrap(),
        }
    }

    async fn tell(&self, messages: impl IntoIterator<Item = NewMessage>) -> Vec<MessageId> {
        match self.commit(by_time(messages)).await.unwrap() {
            Committed::Yes { created } => created,
            Committed::Fenced => panic!("nothing was to be moved"),
        }
    }

    async fn claim_some(&self, now: Timestamp, lease: u128, max: u32) -> Vec<Claimed> {
        self.claim(claim(now, lease, max)).await.unwrap()
    }

    /// Claims the one that is due, whichever it is.
    async fn claim_one(&self, now: Timestamp, lease: u128) -> Claimed {
        let mut claimed = self.claim_some(now, lease, 2).await;
        assert_eq!(claimed.len(), 1, "{claimed:?}");
        claimed.remove(0)
    }

    async fn end(&self, claimed: &Claimed, at: Timestamp, outcome: Outcome) -> Reported {
        self.report(report(claimed, at, outcome)).await.unwrap()
    }

    async fn state(&self, delivery: u128) -> DeliveryState {
        self.delivery(delivery_id(delivery)).await.unwrap().unwrap().state
    }
}

async fn pool(database: &Database) -> PgPool {
    let options: PgConnectOptions = database.url.parse().unwrap();
    let options = options.options([("search_path", "tollgate_outbox")]);
    PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap()
}

const LEASE: Duration = Duration::from_secs(60);

/// So many seconds into the test.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn message_id(number: u128) -> MessageId {
    MessageId::from_parts(1, number)
}

fn delivery_id(number: u128) -> DeliveryId {
    DeliveryId::from_parts(1, number)
}

fn endpoint(number: u128) -> WebhookId {
    WebhookId::from_parts(1, number)
}

fn rule(number: u128) -> NotificationRuleId {
    NotificationRuleId::from_parts(1, number)
}

/// Of that number, to nobody.
fn message(number: u128) -> NewMessage {
    NewMessage {
        message_id: message_id(number),
        kind: MessageKind::Event,
        message_type: "api_key.revoked".to_owned(),
        subject: "key_1".to_owned(),
        sequence: Some(7),
        position: Some(Position::new(u64::try_from(number).unwrap())),
        environment: Some("production".parse().unwrap()),
        team: Some("Orders".parse().unwrap()),
        client_id: None,
        body: format!(r#"{{"number":{number}}}"#),
        notice: None,
        deliveries: vec![],
    }
}

/// Of that number, to an endpoint, due at 0.
fn posted(number: u128, to: u128) -> NewMessage {
    let recipient = Recipient::Webhook(endpoint(to));
    let delivery = NewDelivery {
        delivery_id: delivery_id(number),
        recipient,
        start: Start::Due(at(0)),
        cancel_key: None,
    };
    NewMessage { deliveries: vec![delivery], ..message(number) }
}

fn mail(number: u128, to: &str, start: Start) -> NewDelivery {
    NewDelivery {
        delivery_id: delivery_id(number),
        recipient: Recipient::Email(to.to_owned()),
        start,
        cancel_key: None,
    }
}

/// Of that number, by mail, due at 0.
fn mailed(number: u128, to: &str) -> NewMessage {
    NewMessage { deliveries: vec![mail(number, to, Start::Due(at(0)))], ..message(number) }
}

/// Of that number, for a threshold of a window of one rule, by mail.
fn notice(number: u128, window: &str, threshold: i64) -> NewMessage {
    let key = NoticeKey {
        rule_id: rule(1),
        notice: "quota.threshold".to_owned(),
        subject: "cli_1".to_owned(),
        window: window.to_owned(),
        threshold,
        covers: vec![],
    };
    NewMessage {
        kind: MessageKind::Notice,
        message_type: "quota.threshold".to_owned(),
        subject: "cli_1".to_owned(),
        sequence: None,
        notice: Some(key),
        ..mailed(number, "ann@example.com")
    }
}

fn by_time(messages: impl IntoIterator<Item = NewMessage>) -> Handover {
    Handover { checkpoint: None, at: at(0), messages: messages.into_iter().collect(), cancels: vec![] }
}

fn claim(now: Timestamp, lease: u128, max: u32) -> Claim {
    Claim {
        channel: Channel::Webhook,
        now,
        lease: Lease::from_random(lease),
        lease_for: LEASE,
        max,
        per_endpoint_max: 1_000,
    }
}

fn report(claimed: &Claimed, at: Timestamp, outcome: Outcome) -> Report {
    let Claimed { delivery_id, lease, attempt_no, .. } = *claimed;
    let failed = outcome != Outcome::Delivered;
    let attempt = Attempt {
        attempt_no,
        at,
        status: Some(if failed { 503 } else { 204 }),
        latency_ms: Some(12),
        answer: failed.then(|| "try later".to_owned()),
        error: failed.then(|| "status".to_owned()),
    };
    Report { delivery_id, lease, attempt, outcome }
}

fn numbers(claimed: &[Claimed]) -> Vec<u128> {
    (0..100_000).filter(|number| claimed.iter().any(|one| one.delivery_id == delivery_id(*number))).collect()
}
