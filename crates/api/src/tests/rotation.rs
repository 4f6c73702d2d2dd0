//! Two secrets beside each other: two rotations at once, a longer overlap, and an end of it.

use futures::future::join_all;
use serde_json::{Value, json};

use super::harness::{World, because};

/// How many answers there are of each status, with the code of those that are no success.
async fn rotate_twice(
    world: &World,
    key: &str,
    named: impl Fn(usize) -> Option<String>,
    tag: Option<&str>,
) -> Vec<(u16, Value)> {
    let path = format!("/v1/keys/{key}/rotate");
    let calls = (0..2).map(|number| {
        let call = world.post(&path, &json!({ "overlap_seconds": 3_600 }));
        let call = match named(number) {
            Some(name) => call.key(&name),
            None => call,
        };
        match tag {
            Some(tag) => call.if_match(tag),
            None => call,
        }
        .send()
    });
    let mut answers: Vec<_> =
        join_all(calls).await.into_iter().map(|answer| (answer.status, answer.json())).collect();
    answers.sort_by_key(|(status, _)| *status);
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_rotations_at_once_one_is_refused() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    let answers = rotate_twice(&world, &key, |_| None, None).await;
    assert_eq!((answers[0].0, answers[1].0), (200, 409), "{answers:?}");
    assert_eq!(answers[1].1["code"], "rotation_running");
    assert_eq!(world.get(format!("/v1/keys/{key}")).expect(200).await.json()["secret_version"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_rotations_that_have_seen_the_same_version_one_is_stale() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    let answers = rotate_twice(&world, &key, |_| None, Some("\"1\"")).await;
    assert_eq!((answers[0].0, answers[1].0), (200, 412), "{answers:?}");
    assert_eq!(answers[1].1["code"], "version_stale");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_rotation_given_twice_at_once_happens_once() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    let answers = rotate_twice(&world, &key, |_| Some("once".to_owned()), None).await;
    assert_eq!(answers[0].0, 200, "{answers:?}");
    match answers[1].0 {
        // The second came while the first was under way, or after it, and then without the secret.
        409 => assert_eq!(answers[1].1["code"], "idempotency_in_progress"),
        200 => assert!(answers.iter().any(|(_, body)| body["secret"].is_null()), "{answers:?}"),
        other => panic!("{other}: {answers:?}"),
    }
    assert_eq!(world.get(format!("/v1/keys/{key}")).expect(200).await.json()["secret_version"], 2);
}

#[tokio::test]
async fn an_overlap_is_extended_with_a_reason_and_within_its_bounds() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    let path = format!("/v1/keys/{key}/rotation/extend");
    let to = |until: &str| json!({ "until": until, "reason": "the release is late" });
    world.post(&path, &to("2026-03-02T12:00:00Z")).refused(409, "no_overlap").await;
    world.rotate(&key).await;
    let extended = world.post(&path, &to("2026-03-02T12:00:00Z")).expect(200).await.json();
    assert_eq!(extended["previous"]["until"], "2026-03-02T12:00:00Z");
    assert_eq!(extended["previous"]["rotated_at"], super::harness::NOW);
    let by_length = json!({ "overlap_seconds": 7_776_000, "reason": "later still" });
    let extended = world.post(&path, &by_length).expect(200).await.json();
    assert_eq!(extended["previous"]["until"], "2026-05-30T12:00:00Z");
    let far = world.post(&path, &to("2026-05-30T12:00:01Z")).refused(422, "overlap_end_too_far").await;
    assert_eq!(far["latest"], "2026-05-30T12:00:00Z");
    world.post(&path, &to("2026-03-01T13:00:00Z")).refused(422, "overlap_not_extended").await;
    for wrong in [
        json!({ "reason": "r" }),
        json!({ "until": "2026-06-01T00:00:00Z", "overlap_seconds": 9, "reason": "r" }),
        json!({ "until": "2026-06-01T00:00:00Z" }),
    ] {
        world.post(&path, &wrong).refused(422, "body_invalid").await;
    }
}

#[tokio::test]
async fn grace_never_outlives_the_old_keys_own_expiry() {
    let world = World::new().await;
    let client = world.client().await;
    let body = json!({ "name": "k", "environment": "prod", "expires_at": "2026-03-10T00:00:00Z" });
    let issued = world.post(format!("/v1/clients/{client}/keys"), &body).expect(201).await.json();
    let key = issued["key"]["id"].as_str().unwrap();
    let renew = json!({ "overlap_seconds": 7_776_000, "expires_at": "2027-03-01T00:00:00Z" });
    let renewed = world.post(format!("/v1/keys/{key}/rotate"), &renew).expect(200).await.json();
    assert_eq!(renewed["key"]["previous"]["until"], "2026-03-10T00:00:00Z");
    let extend = json!({ "until": "2026-03-10T00:00:01Z", "reason": "late" });
    let path = format!("/v1/keys/{key}/rotation/extend");
    let refused = world.post(&path, &extend).refused(422, "overlap_end_too_far").await;
    assert_eq!(refused["latest"], "2026-03-10T00:00:00Z");
}

#[tokio::test]
async fn an_old_secret_is_retired_and_another_rotation_may_follow() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    let path = format!("/v1/keys/{key}/rotation/retire");
    world.post(&path, &because()).refused(409, "no_overlap").await;
    world.rotate(&key).await;
    let retired = world.post(&path, &because()).expect(200).await.json();
    assert_eq!(retired["previous"]["until"], super::harness::NOW);
    assert_eq!(world.post(&path, &because()).expect(200).await.etag(), "\"3\"", "once");
    world.rotate(&key).await;
}

#[tokio::test]
async fn a_rotation_says_when_its_old_secret_is_idle() {
    let world = World::new().await;
    let (key, _) = world.key(&world.client().await).await;
    let path = format!("/v1/keys/{key}/rotate");
    let with = |hours: u32| json!({ "overlap_seconds": 86_400, "retire_when_idle_hours": hours });
    for wrong in [0, 2_161] {
        world.post(&path, &with(wrong)).refused(422, "idle_hours_out_of_bounds").await;
    }
    let rotated = world.post(&path, &with(48)).expect(200).await.json();
    assert_eq!(rotated["key"]["previous"]["retire_when_idle_hours"], 48);
    assert_eq!(rotated["key"]["previous"]["still_busy"], false);
}
