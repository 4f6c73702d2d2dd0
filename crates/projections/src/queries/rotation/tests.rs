//! Who uses which secret of a key, and what is said about the old one.

use domain::{
    Position,
    api_key::{ApiKeyCommand, RevokeKey},
    decision::Outcome,
    usage::{Seen, Sighting, UsageBatch, UsageFact},
};
use eventlog::usage::ArrivedBatch;

use super::*;
use crate::{
    testing::{
        Engine, History, at, client, issue, key, on_every_engine, project, read_model, register, rotate,
        route,
    },
    usage::{OWNER, apply},
};

on_every_engine!(
    both_secrets_are_told_apart_while_both_live,
    a_key_that_was_never_rotated_has_one_secret,
    calls_of_the_last_day_and_hour_are_those_of_their_quarters,
);

/// 10:00 of the first day: the key is rotated with an hour's overlap.
const ROTATED: i64 = 10 * 3_600;

fn key_in_rotation() -> History {
    let mut history = History::default()
        .client(1, &register("Acme"))
        .key(1, &ApiKeyCommand::Issue(issue(1)))
        .key(1, &rotate(at(ROTATED)));
    // In the log, and not a second apart.
    for (recorded, second) in history.events.iter_mut().zip([0, 0, ROTATED]) {
        recorded.metadata.occurred_at = at(second);
    }
    history
}

fn used(version: u32, outcome: Outcome, calls: u64, second: i64) -> UsageFact {
    UsageFact {
        minute: at(second).as_second().div_euclid(60) * 60,
        client_id: Some(client(1)),
        key_id: Some(key(1)),
        secret_version: Some(version),
        route_id: Some(route(1)),
        environment: "prod".parse().unwrap(),
        outcome,
        calls,
        last_at: at(second),
        seconds: vec![],
    }
}

fn sighting(version: u32, address: &str, user_agent: &str, calls: u64, second: i64) -> Sighting {
    let seen = |value: &str| vec![Seen { value: value.to_owned(), calls, last_at: at(second) }];
    let (addresses, user_agents) = (seen(address), seen(user_agent));
    Sighting { key_id: key(1), secret_version: version, calls, addresses, user_agents }
}

async fn given(
    on: Engine,
    history: &History,
    facts: Vec<UsageFact>,
    sightings: Vec<Sighting>,
) -> (tempfile::TempDir, ReadModel) {
    let (dir, model) = read_model(on).await;
    project(&model, history, 100).await;
    model.reset(OWNER).await.unwrap();
    let (node, boot) = ("node".to_owned(), "boot".to_owned());
    let batch = UsageBatch {
        node,
        boot,
        sequence: 1,
        flushed_at: at(0),
        facts,
        throttled: vec![],
        responses: vec![],
        shadow: vec![],
        quota_levels: vec![],
        sightings,
        addresses: vec![],
        decisions: vec![],
        left_out: domain::usage::DecisionsLeftOut::default(),
    };
    apply(&model, Position::START, &[ArrivedBatch { batch_no: 1, batch }]).await.unwrap();
    (dir, model)
}

async fn both_secrets_are_told_apart_while_both_live(on: Engine) {
    let (before, since) = (ROTATED - 60, ROTATED + 600);
    let facts = vec![
        used(1, Outcome::Allowed, 7, before),
        used(1, Outcome::Allowed, 5, since),
        used(2, Outcome::RateLimited, 3, since + 60),
    ];
    let sightings =
        vec![sighting(1, "10.1.2.3", "curl/8", 10, since), sighting(2, "10.9.9.9", "", 3, since + 60)];
    let (_dir, model) = given(on, &key_in_rotation(), facts, sightings).await;
    let now = at(ROTATED + 1_200);
    let Rotation { key_id, rotated_at, overlap_until, versions, safe_to_retire, batch_no, .. } =
        get(&model, key(1), now).await.unwrap().unwrap();
    assert_eq!((key_id, batch_no), (key(1), 1));
    assert_eq!((rotated_at, overlap_until), (Some(at(ROTATED)), Some(at(ROTATED + 3_600))));
    let [new, old] = versions.as_slice() else { panic!("{versions:?}") };
    assert_eq!((new.version, new.standing, new.hint.as_deref()), (2, Standing::Current, Some("…hnt2")));
    assert_eq!((old.version, old.standing, old.hint.as_deref()), (1, Standing::Previous, Some("…hnt1")));
    assert_eq!((new.since, old.since), (Some(at(ROTATED)), Some(at(0))));
    assert_eq!((new.until, old.until), (Some(at(1_000_000)), Some(at(ROTATED + 3_600))));
    assert_eq!((new.calls, old.calls), (3, 12));
    assert_eq!((new.last_used_at, old.last_used_at), (Some(at(since + 60)), Some(at(since))));
    assert_eq!((&*old.addresses[0].value, &*old.user_agents[0].value), ("10.1.2.3", "curl/8"));
    assert_eq!((new.others(), old.others()), ((0, 0), (2, 2)));
    assert!(!safe_to_retire.safe);
    let said = &safe_to_retire.explanation;
    assert!(said.contains("12 calls") && said.ends_with("from 10.1.2.3 by curl/8"), "{said}");
    assert_eq!(get(&model, key(2), now).await.unwrap(), None);
}

async fn a_key_that_was_never_rotated_has_one_secret(on: Engine) {
    let history = History::default().client(1, &register("Acme")).key(1, &ApiKeyCommand::Issue(issue(1)));
    let (_dir, model) = given(on, &history, vec![used(1, Outcome::Allowed, 1, 100)], vec![]).await;
    let rotation = get(&model, key(1), at(200)).await.unwrap().unwrap();
    assert_eq!((rotation.rotated_at, rotation.overlap_until, rotation.versions.len()), (None, None, 1));
    assert_eq!((rotation.safe_to_retire.safe, rotation.safe_to_retire.since), (false, None));
    // Once revoked it has none that opens anything.
    let revoke = RevokeKey { now: at(150), at: None, reason: "x".parse().unwrap() };
    let (_dir, model) = given(on, &history.key(1, &ApiKeyCommand::Revoke(revoke)), vec![], vec![]).await;
    let rotation = get(&model, key(1), at(200)).await.unwrap().unwrap();
    assert_eq!(rotation.versions[0].standing, Standing::Retired);
}

async fn calls_of_the_last_day_and_hour_are_those_of_their_quarters(on: Engine) {
    let now = 3 * 86_400 + 7 * 60;
    let facts = [
        // The quarter into which a day ago falls, the one before it, an hour ago, the one before it, now.
        (now - 86_400, 1),
        (now - 86_400 - 900, 2),
        (now - 3_600, 4),
        (now - 3_600 - 900, 8),
        (now, 16),
    ];
    let facts = facts.map(|(second, calls)| used(1, Outcome::Allowed, calls, second)).to_vec();
    let refused = used(1, Outcome::Unauthenticated, 32, now);
    let history = History::default().client(1, &register("Acme")).key(1, &ApiKeyCommand::Issue(issue(1)));
    let (_dir, model) = given(on, &history, [facts, vec![refused]].concat(), vec![]).await;
    let rotation = get(&model, key(1), at(now)).await.unwrap().unwrap();
    let version = &rotation.versions[0];
    assert_eq!((version.calls_last_24h, version.calls_last_hour, version.calls), (29, 20, 63));
}

/// The old secret and the new one: when each was last used, in seconds after the rotation.
struct Judged {
    old: Option<i64>,
    new: Option<i64>,
    overlap: i64,
    idle_hours: Option<u32>,
    now: i64,
}

impl Judged {
    fn judge(&self) -> Retiring {
        let Self { old, new, overlap, idle_hours, now } = *self;
        let history = key_in_rotation();
        let row = crate::testing::folded::<crate::key_directory::KeyDirectory>(&history, key(1));
        let mut row: KeyRow = row.unwrap();
        row.previous.as_mut().unwrap().until = at(ROTATED + overlap);
        let now = at(ROTATED + now);
        let version = |version: u32, last: Option<i64>| {
            let Told { standing, hint, until } = Told::of(&row, version, now);
            let last = last.map(|second| at(ROTATED + second));
            VersionUse {
                version,
                standing,
                hint,
                since: None,
                until,
                calls: 1,
                calls_last_24h: 1,
                calls_last_hour: u64::from(last.is_some_and(|last| last >= quarter_before(now, HOUR_S))),
                last_used_at: last.filter(|last| until.is_none_or(|until| *last < until)),
                last_presented_at: last,
                addresses: vec![],
                user_agents: vec![],
            }
        };
        let versions = [version(2, new), version(1, old)];
        Retiring::judge(&row, &versions, Some(at(ROTATED)), idle_hours, now)
    }
}

fn check(judged: &Judged, safe: bool, since: Option<i64>, says: &str) {
    let judgement = judged.judge();
    let said = &judgement.explanation;
    assert_eq!((judgement.safe, judgement.since), (safe, since.map(|since| at(ROTATED + since))), "{said}");
    assert!(said.contains(says), "{said}");
}

const HOUR: i64 = 3_600;
const JUDGED: Judged =
    Judged { old: None, new: None, overlap: 90 * 86_400, idle_hours: None, now: 30 * HOUR };

#[test]
fn an_old_secret_is_safe_to_retire_once_only_the_new_one_is_used() {
    let judged = Judged { old: Some(2 * HOUR), new: Some(29 * HOUR), ..JUDGED };
    check(&judged, true, Some(2 * HOUR), "no call with the old secret since 2026-01-01T12:00:00Z");
}

#[test]
fn what_it_did_before_the_rotation_counts_from_the_rotation() {
    check(
        &Judged { old: Some(-HOUR), new: Some(HOUR), ..JUDGED },
        true,
        Some(0),
        "since 2026-01-01T10:00:00Z",
    );
    check(&Judged { old: None, new: Some(HOUR), ..JUDGED }, true, Some(0), "since 2026-01-01T10:00:00Z");
}

#[test]
fn an_old_secret_that_is_used_is_not_safe() {
    check(
        &Judged { old: Some(29 * HOUR + 1_900), new: Some(29 * HOUR), ..JUDGED },
        false,
        None,
        "still used: 1 call since",
    );
    check(&Judged { old: Some(60), new: Some(60), now: 120, ..JUDGED }, false, None, "still used");
    // Told by a clock that is a moment behind.
    check(&Judged { old: Some(-1), new: Some(60), now: 120, ..JUDGED }, false, None, "still used");
    check(&Judged { old: Some(-2), new: Some(60), now: 120, ..JUDGED }, false, None, "not long ago");
}

#[test]
fn idleness_is_measured_by_the_rule_where_there_is_one() {
    let judged = Judged { old: Some(20 * HOUR), new: Some(29 * HOUR), idle_hours: Some(24), ..JUDGED };
    check(&judged, false, None, "idle long enough at 2026-01-03T06:00:00Z");
    check(&Judged { now: 44 * HOUR, ..judged }, true, Some(20 * HOUR), "no call with the old secret");
    check(&Judged { new: Some(60), now: 120, ..JUDGED }, false, None, "not long ago");
}

#[test]
fn silence_of_both_proves_nothing() {
    check(&JUDGED, false, None, "proves nothing");
    check(&Judged { old: Some(2 * HOUR), new: Some(HOUR), ..JUDGED }, false, None, "proves nothing");
}

#[test]
fn an_old_secret_that_has_ended_is_gone_and_who_tries_it_is_told() {
    check(&Judged { overlap: HOUR, ..JUDGED }, true, Some(HOUR), "ended at 2026-01-01T11:00:00Z");
    let tried = Judged { overlap: HOUR, old: Some(3 * HOUR), ..JUDGED };
    check(&tried, true, Some(HOUR), "tried again at 2026-01-01T13:00:00Z");
}
