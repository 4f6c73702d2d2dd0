//! Usage of weeks and months: told once, when it is counted, and of a long absence only the last.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    ClientId, NoticeName as N, NotificationRuleId, RouteId, Timestamp,
    decision::Outcome,
    notification_rule::{
        About, Cadence, MakeNotificationRule, NotificationRule, NotificationRuleCommand, Recipient,
        ReportEvery, ReportForm, ReportSettings, RuleSpec,
    },
    personal::PersonalValues,
    usage::{DecisionsLeftOut, UsageBatch, UsageFact},
};
use jiff::SignedDuration;
use test_servers::MailServer;

use super::{
    harness::{CONTACT, NOW, OWNER, World, the},
    letters::smtp,
};
use crate::notice::Notice;

fn spec(every: ReportEvery, form: ReportForm) -> RuleSpec {
    RuleSpec {
        name: the("Owners about their usage"),
        notices: [N::UsageReport].into(),
        thresholds: [].into(),
        days_before: [].into(),
        about: About::default(),
        recipients: vec![Recipient::Owner],
        cadence: Cadence::Digest { hour: 8, time_zone: the("UTC"), team_zones: [].into() },
        report: Some(ReportSettings { every, time_zone: the("UTC"), form }),
    }
}

/// From now on a rule asks for reports.
async fn asked(world: &World, number: u128, spec: RuleSpec) {
    let command = NotificationRuleCommand::Make(MakeNotificationRule { spec });
    let id = NotificationRuleId::from_parts(1, number);
    world.execute::<NotificationRule>(id, command, vec![]).await;
    world.look().await;
}

/// A gateway tells of calls at a time, now.
async fn called(world: &World, sequence: u64, client: ClientId, at: &str, outcome: Outcome, calls: u64) {
    let last_at: Timestamp = the(at);
    let fact = UsageFact {
        minute: last_at.as_second().div_euclid(60) * 60,
        client_id: Some(client),
        key_id: None,
        secret_version: None,
        route_id: Some(RouteId::from_parts(1, 9)),
        environment: the("prod"),
        outcome,
        calls,
        last_at,
        seconds: vec![],
    };
    flushed(world, sequence, vec![fact]).await;
}

async fn flushed(world: &World, sequence: u64, facts: Vec<UsageFact>) {
    let batch = UsageBatch {
        node: "gw-1".to_owned(),
        boot: "1".to_owned(),
        sequence,
        flushed_at: world.now(),
        facts,
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings: vec![],
        addresses: vec![],
        decisions: vec![],
        left_out: DecisionsLeftOut::default(),
    };
    world.count(sequence, batch).await;
}

/// The reports told so far, the oldest first: first day, calls, refused by a rate.
async fn told(world: &World) -> Vec<(String, u64, u64)> {
    let mut reports = vec![];
    for row in world.deliveries().await.into_iter().rev() {
        let message = world.parts.outbox.message(row.message_id).await.unwrap().unwrap();
        let kept: crate::Kept = serde_json::from_str(&message.body).unwrap();
        let Notice::UsageReport(report) = kept.notice else { panic!("{}", row.message_type) };
        reports.push((report.first_day.to_string(), report.calls, report.rate_limited));
    }
    reports
}

/// NOW is a Sunday, so that the week ends at midnight.
const AFTER_MIDNIGHT: SignedDuration = SignedDuration::from_mins(12 * 60 + 31);
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

async fn a_week_is_told_once_when_it_has_ended_and_is_counted(world: World) {
    let client = world.client(1).await;
    asked(&world, 1, spec(ReportEvery::Week, ReportForm::Summary)).await;
    called(&world, 1, client, "2026-02-28T10:00:00Z", Outcome::Allowed, 40).await;
    called(&world, 2, client, "2026-02-28T10:00:00Z", Outcome::RateLimited, 2).await;
    world.look().await;
    assert_eq!(told(&world).await, []);
    // It has ended, but nothing was flushed since: more of it may come.
    world.pass(AFTER_MIDNIGHT);
    world.look().await;
    assert_eq!(told(&world).await, []);
    called(&world, 3, client, "2026-03-01T23:59:00Z", Outcome::Allowed, 1).await;
    world.look().await;
    world.look().await;
    assert_eq!(told(&world).await, [("2026-02-23".to_owned(), 43, 2)]);
    // At once, and not in the morning with all else.
    let deliveries = world.deliveries().await;
    let of = |row: &outbox::DeliveryRow| (row.address.clone(), row.state.to_string());
    assert_eq!(
        deliveries.iter().map(of).collect::<Vec<_>>(),
        [(Some(OWNER.to_owned()), "pending".to_owned())]
    );
}

#[tokio::test]
async fn a_week_is_told_once_on_sqlite() {
    a_week_is_told_once_when_it_has_ended_and_is_counted(World::new().await).await;
}

#[tokio::test]
async fn a_week_is_told_once_on_postgres() {
    a_week_is_told_once_when_it_has_ended_and_is_counted(World::on_postgres().await).await;
}

#[tokio::test]
async fn who_has_ceased_to_call_is_told_so_once() {
    let world = World::new().await;
    let client = world.client(1).await;
    asked(&world, 1, spec(ReportEvery::Week, ReportForm::Summary)).await;
    called(&world, 1, client, NOW, Outcome::Allowed, 7).await;
    world.pass(AFTER_MIDNIGHT);
    for sequence in 2..6 {
        flushed(&world, sequence, vec![]).await;
        world.look().await;
        world.pass(WEEK);
    }
    assert_eq!(told(&world).await, [("2026-02-23".to_owned(), 7, 0), ("2026-03-02".to_owned(), 0, 0)]);
}

#[tokio::test]
async fn after_an_absence_only_the_last_that_ended_is_told() {
    let world = World::new().await;
    let client = world.client(1).await;
    asked(&world, 1, spec(ReportEvery::Week, ReportForm::Summary)).await;
    for (sequence, day) in [(1, "2026-03-01"), (2, "2026-03-05"), (3, "2026-03-12"), (4, "2026-03-19")] {
        called(&world, sequence, client, &format!("{day}T10:00:00Z"), Outcome::Allowed, sequence).await;
    }
    world.pass(AFTER_MIDNIGHT + SignedDuration::from_hours(24 * 25));
    flushed(&world, 5, vec![]).await;
    world.look().await;
    assert_eq!(told(&world).await, [("2026-03-16".to_owned(), 4, 0)]);
}

#[tokio::test]
async fn what_ended_before_the_rule_was_made_is_not_told() {
    let world = World::new().await;
    let client = world.client(1).await;
    // Another rule is looked at from long ago on.
    asked(&world, 1, spec(ReportEvery::Month, ReportForm::Summary)).await;
    called(&world, 1, client, NOW, Outcome::Allowed, 7).await;
    world.pass(WEEK);
    flushed(&world, 2, vec![]).await;
    asked(&world, 2, spec(ReportEvery::Week, ReportForm::Summary)).await;
    world.look().await;
    assert_eq!(told(&world).await, []);
}

#[tokio::test]
async fn where_nothing_is_flushed_any_more_it_is_told_after_some_hours() {
    let world = World::new().await;
    let client = world.client(1).await;
    asked(&world, 1, spec(ReportEvery::Week, ReportForm::Summary)).await;
    called(&world, 1, client, NOW, Outcome::Allowed, 7).await;
    world.pass(AFTER_MIDNIGHT + SignedDuration::from_hours(5));
    world.look().await;
    assert_eq!(told(&world).await, []);
    world.pass(SignedDuration::from_hours(1));
    world.look().await;
    assert_eq!(told(&world).await, [("2026-02-23".to_owned(), 7, 0)]);
}

#[tokio::test]
async fn a_month_is_that_of_the_rules_zone_and_of_its_environment_alone() {
    let world = World::new().await;
    let client = world.client(1).await;
    let mut of_test = spec(ReportEvery::Month, ReportForm::Summary);
    of_test.about.environment = Some(the("test"));
    let mut of_tokyo = spec(ReportEvery::Month, ReportForm::Summary);
    of_tokyo.report = of_tokyo.report.map(|report| ReportSettings { time_zone: the("Asia/Tokyo"), ..report });
    of_tokyo.recipients = vec![Recipient::Contacts { role: None }];
    asked(&world, 1, of_test).await;
    asked(&world, 2, of_tokyo).await;
    // In Tokyo it was March by then.
    called(&world, 1, client, "2026-02-28T15:30:00Z", Outcome::Allowed, 7).await;
    world.pass(SignedDuration::from_hours(24 * 31));
    flushed(&world, 2, vec![]).await;
    world.look().await;
    assert_eq!(told(&world).await, [("2026-03-01".to_owned(), 7, 0)]);
    assert_eq!(world.deliveries().await[0].address.as_deref(), Some(CONTACT));
}

#[tokio::test]
async fn a_webhook_is_told_where_a_rule_names_it_and_not_by_subscription() {
    let world = World::new().await;
    let client = world.client(1).await;
    let all = domain::access::GrantScope::All;
    let subscribed = world.webhook(1, "http://127.0.0.1:9/", &["*"], all.clone()).await;
    let named = world.webhook(2, "http://127.0.0.1:9/", &["api_key.*"], all).await;
    let mut rule = spec(ReportEvery::Week, ReportForm::Csv);
    rule.recipients = vec![Recipient::Webhook { webhook_id: named }];
    asked(&world, 1, rule).await;
    called(&world, 1, client, NOW, Outcome::Allowed, 7).await;
    world.pass(AFTER_MIDNIGHT);
    flushed(&world, 2, vec![]).await;
    world.look().await;
    let reports =
        world.deliveries().await.into_iter().filter(|row| row.message_type == "notice.usage_report");
    let to: Vec<_> = reports.filter_map(|row| row.endpoint_id).collect();
    assert!(to == [named] && named != subscribed, "{to:?}");
}

#[tokio::test]
async fn a_preview_shows_the_weeks_that_have_ended_by_what_is_counted_now() {
    let world = World::new().await;
    let client = world.client(1).await;
    called(&world, 1, client, "2026-02-12T10:00:00Z", Outcome::Allowed, 7).await;
    called(&world, 2, client, "2026-02-19T10:00:00Z", Outcome::RateLimited, 3).await;
    let rule = spec(ReportEvery::Week, ReportForm::Csv);
    let parts = &world.parts;
    let previewed =
        crate::preview::preview(&parts.log, &parts.read, &rule, PersonalValues::default(), world.now());
    let previewed = previewed.await.unwrap();
    let titles: Vec<_> = previewed.notices.iter().map(|notice| notice.title.as_str()).collect();
    assert_eq!(
        titles,
        ["Usage of Booking, 2026-02-16 to 2026-02-22", "Usage of Booking, 2026-02-09 to 2026-02-15"]
    );
    assert!(previewed.left_out.is_empty() && !previewed.cut);
    assert_eq!(previewed.notices[0].addresses, 1);
    assert_eq!(world.deliveries().await.len(), 0);
}

#[tokio::test]
async fn a_letter_has_the_sums_and_the_rows_of_each_day_as_csv() {
    let world = World::with_mail(Some(smtp().await)).await;
    let client = world.client_of(1, "reports-owner@example.com", "reports-ada@example.com").await;
    asked(&world, 1, spec(ReportEvery::Week, ReportForm::Csv)).await;
    called(&world, 1, client, "2026-02-27T10:00:00Z", Outcome::Allowed, 40).await;
    called(&world, 2, client, "2026-02-28T10:00:00Z", Outcome::RateLimited, 2).await;
    world.pass(AFTER_MIDNIGHT);
    flushed(&world, 3, vec![]).await;
    world.look().await;
    world.deliver().await;
    let letters = MailServer::shared().await.unwrap().received_by("reports-owner@example.com").unwrap();
    assert_eq!(letters.len(), 1);
    let letter = letters[0]["letter"].as_str().unwrap();
    assert!(letter.contains("42 calls") && letter.contains("Refused by a rate limit: 2"), "{letter}");
    let (_, file) = letter.split_once("Content-Disposition: attachment; ").unwrap();
    assert!(file.starts_with("filename=\"usage-2026-02-23-2026-03-01.csv\""), "{file}");
    let (_, encoded) = file.split_once("\r\n\r\n").unwrap();
    let (encoded, _) = encoded.split_once("\r\n--").unwrap();
    let csv = BASE64_STANDARD.decode(encoded.replace("\r\n", "")).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(lines[0].starts_with("window_start,window_end,client_id,route_id,environment,allowed,"), "{csv}");
    let route = RouteId::from_parts(1, 9);
    assert!(
        lines[1]
            .starts_with(&format!("2026-02-27T00:00:00Z,2026-02-28T00:00:00Z,{client},{route},prod,40,0,")),
        "{csv}"
    );
    assert!(
        lines[2]
            .starts_with(&format!("2026-02-28T00:00:00Z,2026-03-01T00:00:00Z,{client},{route},prod,0,2,")),
        "{csv}"
    );
}
