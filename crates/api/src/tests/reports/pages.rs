//! The usage report page by page, and beside the period before.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use super::count_calls;
use crate::tests::harness::World;

#[tokio::test]
async fn usage_is_paged_and_put_beside_the_period_before() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let first = "/v1/reports/usage?group_by=client&granularity=total&limit=1";
    let page = world.get(first).expect(200).await.json();
    assert_eq!((&page["items"][0]["client_id"], page["items"].as_array().unwrap().len()), (&json!(null), 1));
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = world.get(format!("{first}&cursor={cursor}")).expect(200).await.json();
    assert_eq!(rest["items"][0]["client_id"], "cli_00000000000000000000000001");
    assert_eq!(rest["next_cursor"], json!(null));
    world.get(format!("{first}&cursor=x")).refused(400, "cursor_invalid").await;
    let next_day = "from=2026-03-01T12:00:00Z&until=2026-03-02T12:00:00Z";
    let path = format!("/v1/reports/usage?granularity=total&compare=previous&{next_day}");
    let compared = world.get(&path).expect(200).await.json();
    assert_eq!(compared["items"], json!([]), "nothing is told of what has no calls now");
    assert_eq!(compared["previous"]["from"], "2026-02-28T12:00:00Z");
    let hours = "from=2026-03-01T11:00:00Z&until=2026-03-01T12:00:00Z";
    let path = format!("/v1/reports/usage?granularity=hour&compare=previous&{hours}");
    let compared = world.get(&path).expect(200).await.json();
    assert_eq!(
        (&compared["items"][0]["total"], &compared["items"][0]["previous"]["total"]),
        (&json!(6), &json!(0))
    );
    let csv = world.get(&path).header("accept", "text/csv").expect(200).await.text().to_owned();
    assert!(csv.lines().next().unwrap().contains(",total,previous_allowed,"), "{csv}");
}

#[tokio::test]
async fn every_page_is_of_the_time_that_the_first_was_of() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    for granularity in ["total", "hour"] {
        world.set_now("2026-03-01T12:00:00Z");
        let path = format!("/v1/reports/usage?granularity={granularity}&group_by=client&limit=1");
        let first = world.get(&path).expect(200).await.json();
        assert_eq!(
            (&first["from"], first["items"].as_array().unwrap().len()),
            (&json!("2026-02-28T12:00:00Z"), 1)
        );
        let cursor = first["next_cursor"].as_str().unwrap();
        world.set_now("2026-03-01T13:10:00Z");
        let rest = world.get(format!("{path}&cursor={cursor}")).expect(200).await.json();
        assert_eq!(rest["items"][0]["client_id"], "cli_00000000000000000000000001");
        assert_eq!((&rest["from"], &rest["until"]), (&first["from"], &first["until"]));
        assert_eq!(rest["next_cursor"], json!(null));
    }
}

#[tokio::test]
async fn a_place_outside_of_the_report_is_not_one_of_its_cursors() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let behind = |window_s: i64| {
        let place = json!({
            "from": "2026-02-28T12:00:00Z", "until": "2026-03-01T12:00:00Z",
            "after": [window_s, "", "", "", 0, "", ""],
        });
        let cursor = BASE64_URL_SAFE_NO_PAD.encode(place.to_string());
        world.get(format!("/v1/reports/usage?granularity=hour&group_by=client&cursor={cursor}"))
    };
    // 2026-03-01T11:00:00Z
    behind(1_772_362_800).expect(200).await;
    for window_s in [i64::MIN, 0, i64::MAX] {
        behind(window_s).refused(400, "cursor_invalid").await;
    }
}

#[tokio::test]
async fn a_report_may_end_in_thousands_of_years() {
    let world = World::new().await;
    count_calls(&world, 3).await;
    let ever = "from=2026-01-01T00:00:00Z&until=9999-12-30T00:00:00Z";
    let path = format!("/v1/reports/usage?granularity=minute&group_by=client&{ever}");
    let report = world.get(path).expect(200).await.json();
    assert_eq!(
        (&report["until"], report["items"].as_array().unwrap().len()),
        (&json!("9999-12-30T00:00:00Z"), 2)
    );
}
