//! Reads of the past, made from the log.

use serde_json::json;

use super::harness::{World, because, key_body};
use crate::Settings;

#[tokio::test]
async fn a_thing_is_shown_as_it_stood() {
    let world = World::new().await;
    let client = world.client().await;
    let path = format!("/v1/clients/{client}");
    world.set_now("2026-03-01T13:00:00Z");
    world.patch(&path, &json!({ "name": "Later" })).if_match("*").expect(200).await;
    world.set_now("2026-03-01T14:00:00Z");
    world.post(format!("{path}/suspend"), &because()).expect(200).await;
    for (as_of, position, name, status, version) in [
        ("1", "1", "Acme", "active", "\"1\""),
        ("2", "2", "Later", "active", "\"2\""),
        ("3", "3", "Later", "suspended", "\"3\""),
        ("2026-03-01T12:00:00Z", "1", "Acme", "active", "\"1\""),
        ("2026-03-01T13:59:59Z", "2", "Later", "active", "\"2\""),
        ("2026-03-01T14:00:00Z", "3", "Later", "suspended", "\"3\""),
    ] {
        let answer = world.get(format!("{path}?as_of={as_of}")).expect(200).await;
        assert_eq!(answer.field("tollgate-as-of"), Some(position), "{as_of}");
        assert_eq!((answer.etag(), &answer.json()["name"]), (version.to_owned(), &json!(name)), "{as_of}");
        assert_eq!(answer.json()["status"], status, "{as_of}");
        assert_eq!(answer.json()["contacts"][0]["email"], "grace@acme.example", "{as_of}");
    }
    let now = world.get(&path).expect(200).await;
    assert_eq!((now.field("tollgate-as-of"), now.etag()), (None, "\"3\"".to_owned()));
    for before in ["0", "2026-03-01T11:59:59Z"] {
        world.get(format!("{path}?as_of={before}")).refused(404, "client_not_found").await;
    }
}

#[tokio::test]
async fn what_has_not_been_yet_is_refused() {
    let world = World::new().await;
    let things = world.fixture().await;
    let head = world.door.api().log.head().get();
    let ahead = head + 1;
    for path in [
        format!("clients/{}", things.client),
        format!("keys/{}", things.key),
        format!("routes/{}", things.route),
        format!("policies/{}", things.policy),
        "clients".to_owned(),
        "keys".to_owned(),
        "routes".to_owned(),
        "policies".to_owned(),
        "assignments".to_owned(),
    ] {
        world.get(format!("/v1/{path}?as_of={head}")).expect(200).await;
        world.get(format!("/v1/{path}?as_of={ahead}")).refused(400, "as_of_ahead").await;
        world.get(format!("/v1/{path}?as_of=2026-03-02T00:00:00Z")).refused(400, "as_of_ahead").await;
        world.get(format!("/v1/{path}?as_of=soon")).refused(400, "query_invalid").await;
    }
}

#[tokio::test]
async fn lists_are_of_then_with_their_filters_and_pages() {
    let world = World::new().await;
    let client = world.client().await;
    let (first, _) = world.key(&client).await;
    let (second, _) = world.key(&client).await;
    world.post(format!("/v1/keys/{first}/revoke"), &because()).expect(200).await;
    world.post(format!("/v1/clients/{client}/keys"), &key_body()).expect(201).await;
    let ids = async |query: &str| {
        let page = world.get(format!("/v1/keys?{query}")).expect(200).await.json();
        let ids =
            page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), page["next_cursor"].as_str().map(ToOwned::to_owned))
    };
    assert_eq!(ids("as_of=1").await.0, Vec::<String>::new());
    assert_eq!(ids("as_of=3&status=active&sort=-created_at,-updated_at").await.0.len(), 2);
    assert_eq!(ids("as_of=4&status=active").await.0, std::slice::from_ref(&second));
    let (page, cursor) = ids("as_of=4&limit=1").await;
    let (rest, end) = ids(&format!("as_of=4&limit=1&cursor={}", cursor.unwrap())).await;
    // Both were issued in one millisecond: which comes first is drawn.
    let mut pages = [page, rest].concat();
    let mut issued = vec![first, second];
    pages.sort();
    issued.sort();
    assert_eq!((pages, end), (issued, None));
}

#[tokio::test]
async fn the_past_has_a_bound() {
    let world = World::with(Settings { as_of_events_max: 2, ..Settings::default() }).await;
    let client = world.client().await;
    let (key, _) = world.key(&client).await;
    world.post(format!("/v1/keys/{key}/suspend"), &because()).expect(200).await;
    world.get("/v1/keys?as_of=2").expect(200).await;
    assert_eq!(world.get("/v1/keys?as_of=3").refused(422, "as_of_too_far").await["events_max"], 2);
    let shown = world.get(format!("/v1/keys/{key}?as_of=3")).expect(200).await.json();
    assert_eq!((&shown["status"], &shown["last_used_at"]), (&json!("suspended"), &json!(null)));
    world.post(format!("/v1/keys/{key}/reinstate"), &because()).expect(200).await;
    world.get(format!("/v1/keys/{key}?as_of=4")).refused(422, "as_of_too_far").await;
}
