//! Lists answer page after page, without a repeat or a gap.

use serde_json::{Value, json};

use super::harness::{World, because, client_body, route_body};

/// The ids on every page, at most so many on one.
async fn pages(world: &World, path: &str, limit: usize) -> Vec<Vec<String>> {
    let (mut pages, mut cursor) = (vec![], String::new());
    loop {
        let page = world.get(format!("{path}limit={limit}{cursor}")).expect(200).await.json();
        let id = |item: &Value| item["id"].as_str().map_or(item["position"].to_string(), ToOwned::to_owned);
        pages.push(page["items"].as_array().unwrap().iter().map(id).collect());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let world = World::new().await;
    let mut made = vec![];
    for at in 0..5_u8 {
        world.set_now(&format!("2026-03-01T12:00:0{at}Z"));
        made.push(world.client().await);
    }
    let sizes = |pages: &[Vec<String>]| pages.iter().map(Vec::len).collect::<Vec<_>>();
    for (limit, expected) in [(2, vec![2, 2, 1]), (5, vec![5]), (4, vec![4, 1]), (200, vec![5])] {
        let pages = pages(&world, "/v1/clients?", limit).await;
        assert_eq!(sizes(&pages), expected);
        assert_eq!(pages.concat(), made);
    }
    assert_eq!(pages(&world, "/v1/audit?", 2).await.concat(), ["5", "4", "3", "2", "1"]);
    assert_eq!(pages(&world, "/v1/clients?status=archived&", 2).await, [Vec::<String>::new()]);
}

#[tokio::test]
async fn clients_are_filtered() {
    let world = World::new().await;
    let mut body = client_body();
    body["name"] = json!("Größe 50%");
    body["kind"] = json!("internal");
    body["owner"]["team"] = json!("Orders");
    body["environments"] = json!(["staging"]);
    let (one, two) = (world.client().await, world.made("/v1/clients", &body).await);
    world.post(format!("/v1/clients/{two}/suspend"), &because()).expect(200).await;
    for (query, expected) in [
        ("kind=internal", &two),
        ("kind=partner", &one),
        ("status=suspended", &two),
        ("owner_team=Orders", &two),
        ("environment=prod", &one),
        ("name_contains=gr%C3%B6SSE", &two),
        ("name_contains=50%25", &two),
        ("name_prefix=gr%C3%B6", &two),
        ("scope=orders:read&label=tier%3Dgold&kind=partner", &one),
        ("label=tier&kind=internal", &two),
    ] {
        let found = pages(&world, &format!("/v1/clients?{query}&"), 50).await.concat();
        assert!(found == [expected.clone()] || query.contains("SSE"), "{query}: {found:?}");
    }
}

#[tokio::test]
async fn keys_routes_and_policies_are_filtered() {
    let world = World::new().await;
    let things = world.fixture().await;
    let mut hosted = route_body("/orders/{id}");
    hosted["host"] = json!("api.example.com");
    hosted["name"] = json!("Hosted");
    let hosted = world.made("/v1/routes", &hosted).await;
    for (path, expected) in [
        (format!("/v1/keys?client_id={}&", things.client), vec![things.key.clone()]),
        (format!("/v1/keys?client_id=cli_{}&", "0".repeat(26)), vec![]),
        ("/v1/keys?environment=sandbox&".to_owned(), vec![]),
        ("/v1/keys?status=active&".to_owned(), vec![things.key.clone()]),
        ("/v1/keys?expires_before=2030-01-01T00:00:00Z&".to_owned(), vec![]),
        ("/v1/keys?used=false&label=tier&owner_team=Payments&".to_owned(), vec![things.key.clone()]),
        ("/v1/keys?used=true&".to_owned(), vec![]),
        ("/v1/keys?created_before=2026-03-01T12:00:00Z&".to_owned(), vec![]),
        ("/v1/keys?created_from=2026-03-01T12:00:00Z&".to_owned(), vec![things.key.clone()]),
        ("/v1/keys?scope=orders:read&".to_owned(), vec![]),
        ("/v1/keys?hint=none&".to_owned(), vec![]),
        ("/v1/routes?method=GET&host=api.example.com&".to_owned(), vec![hosted.clone()]),
        ("/v1/routes?method=PUT&".to_owned(), vec![]),
        ("/v1/routes?path_prefix=/orders/%7Border%7D&host=api.example.com&".to_owned(), vec![hosted.clone()]),
        ("/v1/routes?path_prefix=/invoices&".to_owned(), vec![]),
        ("/v1/policies?mode=enforce&name_prefix=stan&".to_owned(), vec![things.policy.clone()]),
        ("/v1/policies?mode=shadow&".to_owned(), vec![]),
        (format!("/v1/assignments?client_id={}&", things.client), vec![things.assignment.clone()]),
        ("/v1/assignments?environment=prod&".to_owned(), vec![]),
        (
            format!("/v1/assignments?policy_id={}&in_force_at=2026-03-01T12:00:00Z&", things.policy),
            vec![things.assignment.clone()],
        ),
        ("/v1/routes?host=api.example.com&".to_owned(), vec![hosted.clone()]),
        ("/v1/routes?name_contains=hosted&".to_owned(), vec![hosted]),
        ("/v1/routes?status=retired&".to_owned(), vec![]),
        ("/v1/policies?name_contains=STAND&".to_owned(), vec![things.policy.clone()]),
        ("/v1/policies?status=retired&".to_owned(), vec![]),
    ] {
        assert_eq!(pages(&world, &path, 50).await.concat(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_query_that_nobody_can_mean_is_refused() {
    let world = World::new().await;
    for path in ["clients", "keys", "routes", "policies", "assignments", "audit"] {
        for query in ["limit=0", "limit=201", "limit=x", "limit=1&limit=2", "colour=red", "status=lost&x=1"] {
            world.get(format!("/v1/{path}?{query}")).refused(400, "query_invalid").await;
        }
        for cursor in ["", "!", "_w", "Y2xp", "%00"] {
            world.get(format!("/v1/{path}?cursor={cursor}")).refused(400, "cursor_invalid").await;
        }
    }
    for query in ["status=lost", "kind=friend", "environment=P", "name_contains="] {
        world.get(format!("/v1/clients?{query}")).refused(400, "query_invalid").await;
    }
    for query in ["client_id=x", "status=lost", "expires_before=tomorrow"] {
        world.get(format!("/v1/keys?{query}")).refused(400, "query_invalid").await;
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = World::new().await;
    for _ in 0..2 {
        world.client().await;
    }
    let cursor =
        world.get("/v1/clients?limit=1").expect(200).await.json()["next_cursor"].as_str().unwrap().to_owned();
    for path in ["keys", "routes", "policies", "audit"] {
        world.get(format!("/v1/{path}?cursor={cursor}")).refused(400, "cursor_invalid").await;
    }
}

#[tokio::test]
async fn a_list_is_sorted_over_all_its_pages() {
    let world = World::new().await;
    for (at, name) in ["b", "A", "c", "a"].into_iter().enumerate() {
        world.set_now(&format!("2026-03-01T12:00:0{at}Z"));
        let mut body = client_body();
        body["name"] = json!(name);
        world.made("/v1/clients", &body).await;
    }
    let names = async |sort: &str| {
        let ids = pages(&world, &format!("/v1/clients?sort={sort}&"), 3).await.concat();
        let mut names = vec![];
        for id in ids {
            let client = world.get(format!("/v1/clients/{id}")).expect(200).await.json();
            names.push(client["name"].as_str().unwrap().to_owned());
        }
        names
    };
    assert_eq!(names("name").await, ["A", "a", "b", "c"]);
    assert_eq!(names("-name").await, ["c", "b", "a", "A"]);
    assert_eq!(names("owner_team,-created_at").await, ["a", "c", "A", "b"]);
    assert_eq!(pages(&world, "/v1/audit?sort=position&", 3).await.concat(), ["1", "2", "3", "4"]);
    assert_eq!(pages(&world, "/v1/audit?after_position=1&before_position=4&", 3).await.concat(), ["3", "2"]);
    for wrong in ["colour", "", "name,", "--name"] {
        world.get(format!("/v1/clients?sort={wrong}")).refused(400, "query_invalid").await;
    }
}

#[tokio::test]
async fn a_cursor_of_another_question_is_refused() {
    let world = World::new().await;
    for _ in 0..3 {
        world.client().await;
    }
    let first = world.get("/v1/clients?limit=1&kind=partner&sort=name").expect(200).await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = |query: &str| world.get(format!("/v1/clients?cursor={cursor}{query}"));
    next("&kind=partner&sort=name").expect(200).await;
    next("&kind=partner&sort=name&limit=2").expect(200).await;
    for other in ["", "&kind=partner", "&sort=name", "&kind=partner&sort=-name", "&kind=internal&sort=name"] {
        next(other).refused(400, "cursor_invalid").await;
    }
    next("&kind=partner&sort=name&as_of=1").refused(400, "cursor_invalid").await;
}

#[tokio::test]
async fn a_write_does_not_promise_what_it_does_not_do() {
    let world = World::new().await;
    world.post("/v1/clients?preview=true", &client_body()).refused(400, "query_invalid").await;
    assert_eq!(world.get("/v1/clients").expect(200).await.json()["items"], json!([]));
}
