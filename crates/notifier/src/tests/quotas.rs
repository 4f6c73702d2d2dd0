//! Quotas that fill: a client's own, those that all share, rolling ones; and what a preview knows of them.

use domain::{
    AssignmentId, ClientId, NoticeName as N, PolicyId, Position,
    notification_rule::{About, Cadence, Recipient, RuleSpec},
    personal::PersonalValues,
    rate_limit_policy::{
        AssignPolicy, Assignment, Counting, DefinePolicy, Mode, Period, PolicyCommand, PolicySpec,
        QuotaLimit, QuotaWindow, RateLimitPolicy,
    },
    usage::{DecisionsLeftOut, QuotaLevel, UsageBatch},
};
use jiff::SignedDuration;

use super::harness::{CONTACT, OWNER, World, the};
use crate::notice::Notice;

const OTHER: &str = "grace@other.example";

fn policy() -> PolicyId {
    PolicyId::from_parts(1, 1)
}

async fn under(world: &World, counting: Counting, window: QuotaWindow, clients: &[ClientId]) {
    let quota = QuotaLimit {
        name: the("daily"),
        requests: 1_000,
        period: Period::Day,
        window,
        time_zone: the("UTC"),
    };
    let spec = PolicySpec {
        name: the("Partners"),
        rates: vec![],
        quotas: vec![quota],
        counting,
        mode: Mode::Enforce,
        thresholds: [].into(),
    };
    let define = PolicyCommand::Define(DefinePolicy { spec });
    world.execute::<RateLimitPolicy>(policy(), define, vec![]).await;
    for (client, number) in clients.iter().zip(1..) {
        let assignment = Assignment {
            assignment_id: AssignmentId::from_parts(1, number),
            client_id: Some(*client),
            route_id: None,
            environment: None,
            from: None,
            until: None,
        };
        let assign = PolicyCommand::Assign(AssignPolicy { now: world.now(), assignment });
        world.execute::<RateLimitPolicy>(policy(), assign, vec![]).await;
    }
    world.follow().await;
}

/// A gateway says how much is used of the quota of the first of March.
async fn used(world: &World, sequence: u64, used: u64, client_id: Option<ClientId>) {
    let level = QuotaLevel {
        policy_id: policy(),
        policy_revision: 1,
        limit: the("daily"),
        environment: the("prod"),
        counting: if client_id.is_some() { Counting::Client } else { Counting::Shared },
        client_id,
        key_id: None,
        route_id: None,
        window_start: the("2026-03-01T00:00:00Z"),
        window_end: the("2026-03-02T00:00:00Z"),
        epoch: Position::START,
        used,
        allowed: 1_000,
    };
    let batch = UsageBatch {
        node: "gw-1".to_owned(),
        boot: "1".to_owned(),
        sequence,
        flushed_at: world.now(),
        facts: vec![],
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![level],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![],
        left_out: DecisionsLeftOut::default(),
    };
    world.count(sequence, batch).await;
}

async fn told_to(world: &World) -> Vec<String> {
    let mut to: Vec<_> = world.deliveries().await.into_iter().filter_map(|row| row.address).collect();
    to.sort();
    to
}

fn spec(about: About) -> RuleSpec {
    RuleSpec {
        name: the("Partners about their quotas"),
        notices: [N::QuotaThreshold, N::QuotaExhausted].into(),
        thresholds: [50, 80].into(),
        days_before: [].into(),
        about,
        recipients: vec![Recipient::Contacts { role: None }],
        cadence: Cadence::Immediate,
        report: None,
    }
}

#[tokio::test]
async fn a_shared_quota_is_told_of_the_policy_to_those_who_share_it_by_name() {
    let world = World::new().await;
    let (one, other) = (world.client(1).await, world.client_of(2, OWNER, OTHER).await);
    let _stranger = world.client_of(3, OWNER, "stranger@example.com").await;
    under(&world, Counting::Shared, QuotaWindow::Calendar, &[one, other]).await;
    let recipients = vec![Recipient::Contacts { role: None }, Recipient::Owner];
    world.rule(1, &[N::QuotaThreshold], recipients, Cadence::Immediate).await;
    used(&world, 1, 499, None).await;
    world.look().await;
    assert_eq!(told_to(&world).await, [""; 0]);
    used(&world, 2, 500, None).await;
    for _ in 0..2 {
        world.look().await;
    }
    assert_eq!(told_to(&world).await, [CONTACT, OTHER, OWNER], "once, and the stranger is not told");
    let told = world.deliveries().await.remove(0);
    assert_eq!((told.subject.as_str(), told.client_id), (policy().to_string().as_str(), None));
}

#[tokio::test]
async fn a_rule_about_one_of_those_who_share_tells_none_of_the_others() {
    let world = World::new().await;
    let (one, other) = (world.client(1).await, world.client_of(2, OWNER, OTHER).await);
    under(&world, Counting::Shared, QuotaWindow::Calendar, &[one, other]).await;
    used(&world, 1, 600, None).await;
    let asked = async |about: About| {
        let (log, read) = (&world.parts.log, &world.parts.read);
        let found = crate::preview(log, read, &spec(about), PersonalValues::default(), world.now()).await;
        found.unwrap().notices.into_iter().map(|one| one.addresses).collect::<Vec<_>>()
    };
    assert_eq!(asked(About::default()).await, [2]);
    assert_eq!(asked(About { client_id: Some(other), ..About::default() }).await, [1]);
    let stranger = Some(ClientId::from_parts(1, 9));
    assert_eq!(asked(About { client_id: stranger, ..About::default() }).await, [0; 0]);
    assert_eq!(asked(About { team: Some(the("Billing")), ..About::default() }).await, [0; 0]);
}

#[tokio::test]
async fn a_rolling_quota_is_told_as_what_it_is() {
    let world = World::new().await;
    let client = world.client(1).await;
    under(&world, Counting::Client, QuotaWindow::Rolling, &[client]).await;
    world.rule(1, &[N::QuotaThreshold], vec![Recipient::Owner], Cadence::Immediate).await;
    used(&world, 1, 900, Some(client)).await;
    world.look().await;
    assert_eq!(world.told().await, [("notice.quota_threshold".to_owned(), "pending".to_owned())]);
    let (log, read, about) = (&world.parts.log, &world.parts.read, About::default());
    let found =
        crate::preview(log, read, &spec(about), PersonalValues::default(), world.now()).await.unwrap();
    let Notice::QuotaThreshold(told) = &found.notices[0].notice else { panic!("{:?}", found.notices) };
    assert_eq!((told.rolling_over, told.forecast_reached_at), (Some(Period::Day), None));
}

#[tokio::test]
async fn a_preview_says_what_would_have_been_told_of_a_quota_and_when() {
    let world = World::new().await;
    let client = world.client(1).await;
    under(&world, Counting::Client, QuotaWindow::Calendar, &[client]).await;
    let began = world.now();
    for (sequence, of) in (1..).zip([400, 510, 790, 1_000]) {
        used(&world, sequence, of, Some(client)).await;
        world.pass(SignedDuration::from_hours(1));
    }
    let asked = async |spec: RuleSpec| {
        let (log, read) = (&world.parts.log, &world.parts.read);
        crate::preview(log, read, &spec, PersonalValues::default(), world.now()).await.unwrap()
    };
    let found = asked(spec(About::default())).await;
    let seen: Vec<_> = found.notices.iter().map(|one| (one.notice.name(), one.at)).collect();
    let hour = |hours| began + SignedDuration::from_hours(hours);
    assert_eq!(seen, [(N::QuotaExhausted, hour(3)), (N::QuotaThreshold, hour(1))]);
    assert_eq!((found.quotas_from, found.left_out), (Some(began), vec![]));
    let Notice::QuotaThreshold(told) = &found.notices[1].notice else { panic!("{:?}", found.notices) };
    assert_eq!((told.threshold_percent, told.used), (50, 510));
    // By the shares of the rule, and nothing of what it does not name.
    let other = RuleSpec {
        thresholds: [75, 95].into(),
        notices: [N::QuotaThreshold].into(),
        ..spec(About::default())
    };
    let seen: Vec<_> = asked(other).await.notices.into_iter().map(|one| one.at).collect();
    assert_eq!(seen, [hour(3), hour(2)]);
    let none = RuleSpec { notices: [N::KeyRevoked].into(), ..spec(About::default()) };
    assert_eq!(asked(none).await.quotas_from, None);
    let elsewhere = About { environment: Some(the("test")), ..About::default() };
    assert_eq!(asked(spec(elsewhere)).await.notices_total, 0);
}
