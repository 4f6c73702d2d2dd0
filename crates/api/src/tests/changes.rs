//! Whoever watches is told that there is something new, and not what.

use axum::body::{Body, BodyDataStream};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::harness::World;
use crate::guard::WATCHING_MAX;

async fn watch(world: &World) -> BodyDataStream {
    let request =
        http::Request::get("/v1/changes").header("authorization", format!("Bearer {}", world.admin_token()));
    let (router, _) = crate::router_of(&world.door);
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

/// The next event's data.
async fn told(events: &mut BodyDataStream) -> Value {
    let bytes = events.next().await.unwrap().unwrap();
    let text = std::str::from_utf8(&bytes).unwrap().to_owned();
    let data = text.strip_prefix("event: moved\ndata: ").and_then(|rest| rest.strip_suffix("\n\n"));
    serde_json::from_str(data.expect(&text)).unwrap()
}

#[tokio::test]
async fn whoever_watches_is_told_at_once_and_whenever_there_is_more() {
    let world = World::new().await;
    let mut events = watch(&world).await;
    assert_eq!(told(&mut events).await, json!({ "position": 0, "batch_no": 0 }));
    world.client().await;
    let mut seen = told(&mut events).await;
    // Read models that are moved one by one are seen together once the last of them is there.
    while seen["position"] != 1 {
        seen = told(&mut events).await;
    }
    super::reports::count_calls(&world, 1).await;
    while seen["batch_no"] != 1 {
        seen = told(&mut events).await;
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_process_stops_and_at_once_where_that_is_asked_for() {
    let world = World::new().await;
    let mut events = watch(&world).await;
    told(&mut events).await;
    world.door.api().stopping.cancel();
    assert!(events.next().await.is_none());
    let once = world.get("/v1/changes?for_seconds=0").expect(200).await;
    assert_eq!(once.text(), "event: moved\ndata: {\"position\":0,\"batch_no\":0}\n\n");
    world.get("/v1/changes?for_seconds=301").refused(400, "query_invalid").await;
    world.get("/v1/changes").without("authorization").refused(401, "unauthenticated").await;
}

#[tokio::test]
async fn no_more_watch_than_there_is_room_for() {
    let world = World::new().await;
    let room: Vec<_> = (1..WATCHING_MAX).map(|_| world.door.watching.enter().unwrap()).collect();
    let events = watch(&world).await;
    world.get("/v1/changes?for_seconds=0").refused(429, "streams_busy").await;
    drop(events);
    world.get("/v1/changes?for_seconds=0").expect(200).await;
    drop(room);
}
