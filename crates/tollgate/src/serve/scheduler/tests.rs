//! The scheduler at its desk: a real log, real read models, and a time that the test gives.

use domain::{
    ClientId, Clock, KeyId, Metadata, ScheduledChangeId, Timestamp,
    api_client::ClientStanding,
    api_key::{ApiKey, ApiKeyCommand, IssueKey, NewSecret, RevokeKey, RotateKey},
    decision::Outcome,
    metadata::ActorKind,
    scheduled_change::{PlanChange, PlannedChange, ScheduledChange, ScheduledChangeCommand},
    secret::SecretDigest,
    usage::{UsageBatch, UsageFact},
};
use eventlog::{Execute, Stored, usage::UsageLog};
use jiff::SignedDuration;
use projections::{ChangeStatus, Projections, queries::changes};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;

const HOUR: i64 = 3_600;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        at(0)
    }
}

struct World {
    desk: Desk,
    usage: UsageLog,
    visibility: Visibility,
    _following: JoinSet<()>,
    _dir: TempDir,
}

#[tokio::test]
async fn a_planned_change_is_carried_out_when_its_time_has_come() {
    let world = World::new().await;
    world.issue(None).await;
    world.plan(100, Some(200)).await;
    world.desk.carry_out(at(99)).await;
    assert_eq!(world.key_stands().await, "active");
    world.desk.carry_out(at(100)).await;
    assert_eq!((world.key_stands().await, world.change_stands().await), ("suspended", ChangeStatus::Applied));
    // A scheduler that has not seen it yet, or a clock that was set back, does it no second time.
    world.desk.carry_out(at(100)).await;
    world.desk.carry_out(at(0)).await;
    world.desk.carry_out(at(200)).await;
    assert_eq!((world.key_stands().await, world.change_stands().await), ("active", ChangeStatus::Ended));
    assert_eq!(world.key_version().await, 3, "issued, suspended, reinstated");
}

#[tokio::test]
async fn a_change_of_a_key_that_was_revoked_meanwhile_fails_cleanly() {
    let world = World::new().await;
    world.issue(None).await;
    world.plan(100, None).await;
    world.key(ApiKeyCommand::Revoke(RevokeKey { now: at(50), at: None, reason: because() })).await;
    for now in [100, 101] {
        world.desk.carry_out(at(now)).await;
    }
    world.visible().await;
    let row = changes::get(&world.desk.read, change_id()).await.unwrap().unwrap();
    assert_eq!((row.status, row.failure.unwrap().code), (ChangeStatus::Failed, "key_revoked".to_owned()));
    assert_eq!(world.desk.overdue(at(9_999)).await, Some(0));
}

#[tokio::test]
async fn what_is_not_carried_out_is_overdue() {
    let world = World::new().await;
    world.issue(None).await;
    world.plan(100, None).await;
    assert_eq!(world.desk.overdue(at(110)).await, Some(0));
    assert_eq!(world.desk.overdue(at(111)).await, Some(1));
    world.desk.carry_out(at(111)).await;
    world.visible().await;
    assert_eq!(world.desk.overdue(at(111)).await, Some(0));
}

#[tokio::test]
async fn expiries_and_planned_revocations_go_on_record() {
    let world = World::new().await;
    world.issue(Some(100)).await;
    world.desk.end_keys(at(99)).await;
    assert_eq!(world.key_stands().await, "active");
    world.desk.end_keys(at(100)).await;
    assert_eq!(world.key_stands().await, "expired");
}

#[tokio::test]
async fn an_idle_old_secret_is_retired_where_that_was_asked_and_a_used_one_is_not() {
    let world = World::new().await;
    world.issue(None).await;
    world.rotate(10 * 24 * HOUR, Some(2)).await;
    world.used(1, HOUR).await;
    world.desk.judge_overlaps(at(3 * HOUR - 1)).await;
    assert_eq!(world.old_lives_until().await, at(240 * HOUR));
    world.desk.judge_overlaps(at(3 * HOUR)).await;
    assert_eq!(world.old_lives_until().await, at(3 * HOUR));
}

#[tokio::test]
async fn a_busy_old_secret_is_told_of_once_a_day_before_its_end() {
    let world = World::new().await;
    world.issue(None).await;
    world.rotate(10 * 24 * HOUR, None).await;
    world.used(1, 215 * HOUR).await;
    for hour in [215, 216, 217, 218] {
        world.desk.judge_overlaps(at(hour * HOUR)).await;
        world.visible().await;
    }
    assert_eq!(world.key_version().await, 3, "issued, rotated, told of once");
    assert_eq!(world.old_lives_until().await, at(240 * HOUR));
}

#[tokio::test]
async fn old_secrets_are_judged_only_while_it_is_heard_how_far_usage_is() {
    let world = World::new().await;
    let (bus, heard) = watch::channel(None);
    let (scheduler, now) = (world.scheduler(UsageHeard::At(heard)), Instant::now());
    assert!(
        !scheduler.knows_usage(now),
        "nothing was heard since the start, and nothing seems to be missing"
    );
    bus.send_replace(Some(now));
    for (seconds, knows) in [(0, true), (10, true), (11, false), (3_600, false)] {
        assert_eq!(scheduler.knows_usage(now + Duration::from_secs(seconds)), knows, "after {seconds} s");
    }
    bus.send_replace(Some(now + Duration::from_secs(3_601)));
    assert!(scheduler.knows_usage(now + Duration::from_secs(3_602)), "heard again");
    assert!(world.scheduler(UsageHeard::Always).knows_usage(now), "in a file");
}

impl World {
    fn scheduler(&self, heard: UsageHeard) -> Scheduler {
        let Desk { log, read } = &self.desk;
        let desk = Desk { log: log.clone(), read: read.clone() };
        let (clock, visibility, told) = (Arc::new(Still), self.visibility.clone(), watch::Sender::default());
        Scheduler { desk, read: read.clone(), clock, visibility, heard, told }
    }

    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let log = EventLog::open_sqlite(&dir.path().join("events.db"), Arc::new(Still)).await.unwrap();
        let usage = UsageLog::open_sqlite(&dir.path().join("usage.db")).await.unwrap();
        let read = ReadModel::open_sqlite(&dir.path().join("read.db")).await.unwrap();
        let followers = Projections::open(read.clone(), log.clone(), usage.clone()).await.unwrap();
        let visibility = followers.visibility();
        let mut following = JoinSet::new();
        following.spawn(async move { drop(followers.run(CancellationToken::new()).await) });
        Self { desk: Desk { log, read }, usage, visibility, _following: following, _dir: dir }
    }

    async fn execute<A: Stored>(&self, id: A::Id, command: A::Command) {
        let (expected_version, idempotency) = (None, None);
        let ask = Execute::<A> {
            id,
            command,
            metadata: metadata(),
            expected_version,
            idempotency,
            personal: vec![],
        };
        self.desk.log.execute(ask).await.unwrap();
        self.visible().await;
    }

    async fn visible(&self) {
        let bounded = std::time::Duration::from_secs(20);
        assert!(self.visibility.wait_for(self.desk.log.head(), bounded).await);
    }

    async fn key(&self, command: ApiKeyCommand) {
        self.execute::<ApiKey>(key_id(), command).await;
    }

    async fn issue(&self, expires_at: Option<i64>) {
        let issue = IssueKey {
            now: at(0),
            client_id: client_id(),
            client: domain::api_client::ClientFacts {
                standing: ClientStanding::Active,
                environments: ["prod".parse().unwrap()].into(),
                scopes: [].into(),
            },
            name: "Nightly export".parse().unwrap(),
            environment: "prod".parse().unwrap(),
            scopes: None,
            not_before: None,
            expires_at: expires_at.map(at),
            allowed_cidrs: vec![],
            secret: secret(1),
        };
        self.key(ApiKeyCommand::Issue(issue)).await;
    }

    async fn rotate(&self, overlap_seconds: i64, retire_when_idle_hours: Option<u16>) {
        let rotate = RotateKey {
            now: at(0),
            client: ClientStanding::Active,
            secret: secret(2),
            overlap_seconds: u32::try_from(overlap_seconds).unwrap(),
            expires_at: None,
            reason: None,
            retire_when_idle_hours,
        };
        self.key(ApiKeyCommand::Rotate(rotate)).await;
    }

    async fn plan(&self, start: i64, until: Option<i64>) {
        let change = PlannedChange::SuspendKey { key_id: key_id(), client_id: client_id() };
        let (start, until, reason) = (Some(at(start)), until.map(at), because());
        let plan = PlanChange { now: at(0), change, at: start, until, reason };
        self.execute::<ScheduledChange>(change_id(), ScheduledChangeCommand::Plan(plan)).await;
    }

    /// Counts a call with a secret version.
    async fn used(&self, version: u32, seconds: i64) {
        let fact = UsageFact {
            minute: at(seconds).as_second() / 60 * 60,
            client_id: Some(client_id()),
            key_id: Some(key_id()),
            secret_version: Some(version),
            route_id: None,
            environment: "prod".parse().unwrap(),
            outcome: Outcome::Allowed,
            calls: 1,
            last_at: at(seconds),
            seconds: vec![],
        };
        let (node, boot) = ("node".to_owned(), "boot".to_owned());
        let batch = UsageBatch {
            node,
            boot,
            sequence: 1,
            flushed_at: at(seconds),
            facts: vec![fact],
            throttled: vec![],
            responses: vec![],
            shadow: vec![],
            quota_levels: vec![],
            sightings: vec![],
            addresses: vec![],
            decisions: vec![],
            left_out: domain::usage::DecisionsLeftOut::default(),
        };
        self.usage.append(Some(batch), vec![]).await.unwrap();
        let bounded = std::time::Duration::from_secs(20);
        assert!(self.visibility.wait_for_usage(1, bounded).await);
    }

    async fn key_version(&self) -> u64 {
        self.desk.log.load::<ApiKey>(key_id()).await.unwrap().version
    }

    async fn key_stands(&self) -> &'static str {
        self.visible().await;
        match &*self.desk.log.load::<ApiKey>(key_id()).await.unwrap().state {
            ApiKey::Absent => "absent",
            ApiKey::Active(_) => "active",
            ApiKey::Suspended(_) => "suspended",
            ApiKey::Revoked(_) => "revoked",
            ApiKey::Expired(_) => "expired",
        }
    }

    async fn change_stands(&self) -> ChangeStatus {
        changes::get(&self.desk.read, change_id()).await.unwrap().unwrap().status
    }

    async fn old_lives_until(&self) -> Timestamp {
        let key = self.desk.log.load::<ApiKey>(key_id()).await.unwrap();
        key.state.lineage().unwrap().previous.as_ref().unwrap().1
    }
}

fn at(seconds: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

fn because() -> domain::Reason {
    "because".parse().unwrap()
}

fn key_id() -> KeyId {
    KeyId::from_parts(1_772_366_400_000, 1)
}

fn client_id() -> ClientId {
    ClientId::from_parts(1_772_366_400_000, 2)
}

fn change_id() -> ScheduledChangeId {
    ScheduledChangeId::from_parts(1_772_366_400_000, 3)
}

fn secret(version: u8) -> NewSecret {
    NewSecret {
        locator: format!("LOCATOR00{version}").parse().unwrap(),
        digest: SecretDigest { pepper_version: 1, hmac: [version; 32] },
        hint: format!("…hnt{version}"),
    }
}

fn metadata() -> Metadata {
    Metadata {
        occurred_at: at(0),
        actor: "admin".to_owned(),
        actor_kind: ActorKind::Person,
        authenticated_by: "test".to_owned(),
        on_behalf_of: None,
        allowed_by: "role:admin".to_owned(),
        address: None,
        user_agent: None,
        request_id: "req-1".to_owned(),
        correlation_id: "cor-1".to_owned(),
        causation_id: None,
        reason: None,
        command_id: "cmd-1".to_owned(),
    }
}
