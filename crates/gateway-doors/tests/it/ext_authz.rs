//! What Envoy is answered.

use domain::{
    Timestamp,
    api_key::{ApiKeyEvent, Revoked, Suspended},
    rate_limit_policy::Mode,
};
use tollgate_gateway_doors::wire::ext_authz::{CheckRequest, HeaderMap, RawHeader};
use tonic::Code;

use super::{
    client::{Envoy, extend, headers, http, question},
    world::{NOW, World, environment},
};

/// A key that reads orders.
fn reader() -> (World, String) {
    World::after(|log| {
        log.route("GET", "/orders/{id}", Some("orders:read"));
        let client = log.client(&["orders:read"]);
        log.key(client, |_| {}).1
    })
}

#[tokio::test]
async fn an_allowed_call_carries_its_caller_and_not_its_secret() {
    let (world, (client, key, route, secret)) = World::after(|log| {
        let route = log.route("GET", "/orders/{id}", Some("orders:read"));
        let client = log.client(&["orders:read", "orders:write"]);
        let (key, secret) = log.key(client, |_| {});
        (client, key, route, secret)
    });
    let open = world.open().await;
    let passed = Envoy::connect(&open).await.pass(question(&[("x-api-key", &secret)])).await;

    let upstream = headers(&passed.ok.headers);
    assert_eq!(upstream["x-tollgate-client-id"], client.to_string());
    assert_eq!(upstream["x-tollgate-key-id"], key.to_string());
    assert_eq!(upstream["x-tollgate-scopes"], "orders:read orders:write");
    assert_eq!(upstream["x-tollgate-environment"], "prod");
    assert_eq!(upstream["x-tollgate-decision-id"], passed.metadata["decision_id"]);
    assert_eq!(upstream.len(), 5);
    assert_eq!(passed.removed(), ["x-api-key"]);
    assert!(passed.ok.response_headers_to_add.is_empty());
    let metadata = &passed.metadata;
    assert_eq!(metadata["client_id"], client.to_string());
    assert_eq!(metadata["key_id"], key.to_string());
    assert_eq!(metadata["route_id"], route.to_string());
    assert_eq!((metadata["secret_version"].as_str(), metadata["environment"].as_str()), ("1", "prod"));
    assert_eq!((metadata["outcome"].as_str(), metadata["position"].as_str()), ("allowed", "3"));
}

#[tokio::test]
async fn a_bearer_token_does_not_reach_the_upstream_and_another_credential_does() {
    let (world, secret) = reader();
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    let bearer = format!("Bearer {secret}");
    let passed = envoy.pass(question(&[("authorization", &bearer)])).await;
    assert_eq!(passed.removed(), ["x-api-key", "authorization"]);
    let passed = envoy.pass(question(&[("authorization", "Basic dTpw"), ("x-api-key", &secret)])).await;
    assert_eq!(passed.removed(), ["x-api-key"]);
}

#[tokio::test]
async fn a_scope_header_of_the_callers_own_is_removed_when_the_key_has_no_scope() {
    let (world, secret) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        log.key(client, |_| {}).1
    });
    let open = world.open().await;
    let passed = Envoy::connect(&open).await.pass(question(&[("x-api-key", &secret)])).await;
    assert_eq!(passed.removed(), ["x-tollgate-scopes", "x-api-key"]);
    assert!(!headers(&passed.ok.headers).contains_key("x-tollgate-scopes"));
}

#[tokio::test]
async fn an_unknown_key_a_wrong_secret_and_a_dead_one_are_answered_alike() {
    let (world, (live, revoked, expired)) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        let live = log.key(client, |_| {}).1;
        let (id, revoked) = log.key(client, |_| {});
        let revoked_at = Timestamp::from_second(NOW).unwrap();
        log.key_event(id, ApiKeyEvent::Revoked(Revoked { revoked_at, reason: "leaked".parse().unwrap() }));
        let expired = log.key(client, |key| key.expires_at = Some(Timestamp::from_second(NOW).unwrap())).1;
        (live, revoked, expired)
    });
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    let (wrong, unknown) = (forge(&live, 5), forge(&live, 40));
    let twice = format!("{live},{live}");
    let bearer = format!("Bearer {revoked}");
    let questions: [&[(&str, &str)]; 9] = [
        &[],
        &[("x-api-key", "")],
        &[("x-api-key", "rubbish")],
        &[("x-api-key", &unknown)],
        &[("x-api-key", &wrong)],
        &[("x-api-key", &revoked)],
        &[("x-api-key", &expired)],
        &[("x-api-key", &twice)],
        &[("x-api-key", &live), ("authorization", &bearer)],
    ];
    for headers in questions {
        let refused = envoy.refuse(question(headers)).await;
        assert_eq!((refused.code, refused.status()), (16, 401), "{headers:?}");
        let (mut body, shown) = (refused.body(), refused.headers());
        assert_eq!(body["decision_id"], refused.metadata["decision_id"]);
        assert_eq!(refused.metadata["environment"], "prod");
        body.as_object_mut().unwrap().remove("decision_id");
        let expected = serde_json::json!({
            "type": "/problems/unauthenticated",
            "title": "Unauthenticated",
            "status": 401,
            "detail": "present a valid secret as `x-api-key` or as `Authorization: Bearer`, and only one",
            "code": "unauthenticated",
        });
        assert_eq!(body, expected, "{headers:?}");
        let expected =
            [("content-type", "application/problem+json"), ("www-authenticate", "Bearer realm=\"tollgate\"")];
        assert_eq!(shown, expected.into(), "{headers:?}");
    }
    envoy.pass(question(&[("x-api-key", &live)])).await;
}

/// The secret with one of its random characters changed, counted from the end, and its checksum made right.
fn forge(secret: &str, from_end: usize) -> String {
    let at = secret.len() - 6 - from_end;
    let random = zeroize::Zeroizing::new(secret["tg_prod_".len()..secret.len() - 6].to_owned());
    let at = at - "tg_prod_".len();
    let random = zeroize::Zeroizing::new(format!("{}Z{}", &random[..at], &random[at + 1..]));
    let forged = domain::secret::PlainSecret::compose("tg", &environment("prod"), &random).unwrap();
    assert_ne!(forged.expose(), secret);
    forged.expose().to_owned()
}

#[tokio::test]
async fn a_genuine_secret_that_may_not_do_this_is_told_why() {
    let (world, secrets) = World::after(|log| {
        log.route("GET", "/orders/{id}", Some("orders:read"));
        let client = log.client(&["orders:read"]);
        let (id, suspended) = log.key(client, |_| {});
        log.key_event(id, ApiKeyEvent::Suspended(Suspended { reason: "x".parse().unwrap() }));
        let elsewhere = log.key(client, |key| key.environment = environment("sandbox")).1;
        let bound = log.key(client, |key| key.allowed_cidrs = vec!["203.0.113.0/24".parse().unwrap()]).1;
        let powerless = log.key(client, |key| key.scopes = Some([].into())).1;
        [
            (suspended, "key_suspended"),
            (elsewhere, "wrong_environment"),
            (bound, "address_not_allowed"),
            (powerless, "missing_scope"),
        ]
    });
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    for (secret, code) in &secrets {
        let refused = envoy.refuse(question(&[("x-api-key", secret)])).await;
        assert_eq!((refused.code, refused.status()), (7, 403), "{code}");
        assert_eq!(
            (&refused.body()["code"], &refused.metadata["reason"]),
            (&(*code).into(), &(*code).to_owned())
        );
    }
}

#[tokio::test]
async fn a_path_is_judged_in_the_spelling_that_is_served_or_not_at_all() {
    let (world, secret) = reader();
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    let ask = |path: &str, secret: &str| {
        let mut question = question(&[("x-api-key", secret)]);
        path.clone_into(&mut http(&mut question).path);
        question
    };
    envoy.pass(ask("/orders/7?q=a/../b%2F", &secret)).await;
    for path in
        ["//orders/7", "/x/../orders/7", "/orders/./7", "/orders%2F7", "/%6frders/7", "\\orders\\7", "", "*"]
    {
        let refused = envoy.refuse(ask(path, &secret)).await;
        assert_eq!((refused.status(), &refused.body()["code"]), (403, &"bad_path".into()), "{path}");
        assert_eq!(envoy.refuse(ask(path, "rubbish")).await.status(), 401, "{path}");
    }
}

#[tokio::test]
async fn envoy_may_name_the_environment_and_a_wrong_name_opens_none() {
    let (world, (prod, sandbox)) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        let sandbox = log.key(client, |key| key.environment = environment("sandbox")).1;
        (log.key(client, |_| {}).1, sandbox)
    });
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    let ask = |secret: &str, extension: &str| {
        let mut question = question(&[("x-api-key", secret)]);
        extend(&mut question, extension);
        question
    };
    let passed = envoy.pass(ask(&sandbox, "sandbox")).await;
    assert_eq!(headers(&passed.ok.headers)["x-tollgate-environment"], "sandbox");
    assert_eq!(envoy.refuse(ask(&prod, "sandbox")).await.body()["code"], "wrong_environment");
    for wrong in ["", "Prod", "p", "prod "] {
        let refused = envoy.refuse(ask(&prod, wrong)).await;
        assert_eq!((refused.code, refused.status()), (7, 403), "{wrong:?}");
        assert_eq!(refused.body()["code"], "invalid_environment", "{wrong:?}");
    }
}

#[tokio::test]
async fn a_limited_call_shows_where_it_stands_until_it_is_refused() {
    let (world, (policy, secret)) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        let policy = log.limit(client, Mode::Enforce, 2, 1000);
        (policy, log.key(client, |_| {}).1)
    });
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    let passed = envoy.pass(question(&[("x-api-key", &secret)])).await;
    assert_eq!(passed.metadata["policies"], format!("{policy}@1"));
    let shown = headers(&passed.ok.response_headers_to_add);
    assert_eq!(shown["ratelimit-policy"], r#""burst";q=2;w=60,"daily";q=1000;w=86400"#);
    assert_eq!(shown["ratelimit"], r#""burst";r=1;t=30,"daily";r=999;t=68033"#);
    assert_eq!((shown["x-ratelimit-limit"], shown["x-ratelimit-remaining"]), ("2", "1"));
    envoy.pass(question(&[("x-api-key", &secret)])).await;

    let refused = envoy.refuse(question(&[("x-api-key", &secret)])).await;
    assert_eq!((refused.code, refused.status()), (8, 429));
    assert_eq!(refused.body()["code"], "rate_limited");
    let shown = refused.headers();
    assert_eq!(shown["ratelimit"], r#""burst";r=0;t=60,"daily";r=998;t=68033"#);
    assert_eq!((shown["retry-after"], shown["x-ratelimit-reset"]), ("30", "60"));

    // The wait that was told is enough.
    world.clock.set(NOW + 30);
    envoy.pass(question(&[("x-api-key", &secret)])).await;
}

#[tokio::test]
async fn a_used_up_quota_is_told_with_its_own_numbers() {
    let (world, secret) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        log.limit(client, Mode::Enforce, 100, 1);
        log.key(client, |_| {}).1
    });
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    envoy.pass(question(&[("x-api-key", &secret)])).await;
    let refused = envoy.refuse(question(&[("x-api-key", &secret)])).await;
    assert_eq!((refused.status(), &refused.body()["code"]), (429, &"quota_exceeded".into()));
    let shown = refused.headers();
    assert_eq!((shown["x-ratelimit-limit"], shown["x-ratelimit-remaining"]), ("1", "0"));
    assert_eq!((shown["retry-after"], shown["x-ratelimit-reset"]), ("68033", "68033"));
}

#[tokio::test]
async fn a_limit_in_shadow_is_shown_to_the_operator_alone() {
    let (world, secret) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        log.limit(client, Mode::Shadow, 1, 1000);
        log.key(client, |_| {}).1
    });
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    envoy.pass(question(&[("x-api-key", &secret)])).await;
    let passed = envoy.pass(question(&[("x-api-key", &secret)])).await;
    assert!(passed.ok.response_headers_to_add.is_empty());
    assert_eq!(passed.metadata["shadow_refused"], "true");
}

#[tokio::test]
async fn raw_headers_are_read_too_and_a_repeated_one_is_no_secret() {
    let (world, secret) = reader();
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    let ask = |values: &[&[u8]]| {
        let mut question = question(&[]);
        let header = |value: &&[u8]| RawHeader { key: "x-api-key".to_owned(), raw_value: value.to_vec() };
        http(&mut question).header_map = Some(HeaderMap { headers: values.iter().map(header).collect() });
        question
    };
    envoy.pass(ask(&[secret.as_bytes()])).await;
    assert_eq!(envoy.refuse(ask(&[secret.as_bytes(), secret.as_bytes()])).await.status(), 401);
    assert_eq!(envoy.refuse(ask(&[b"\xff"])).await.status(), 401);
}

#[tokio::test]
async fn the_callers_address_is_the_connections_unless_envoy_is_trusted_with_it() {
    let (world, secret) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        log.key(client, |key| key.allowed_cidrs = vec!["203.0.113.0/24".parse().unwrap()]).1
    });
    let inside = [("x-api-key", secret.as_str()), ("x-envoy-external-address", "::ffff:203.0.113.9")];
    let open = world.open().await;
    assert_eq!(Envoy::connect(&open).await.refuse(question(&inside)).await.status(), 403);
    let open = world.open_trusting().await;
    let envoy = Envoy::connect(&open).await;
    envoy.pass(question(&inside)).await;
    let [key, address] = inside;
    for unknown in
        [&[key][..], &[key, address, address], &[key, ("x-envoy-external-address", "203.0.113.9:1")]]
    {
        assert_eq!(envoy.refuse(question(unknown)).await.status(), 403);
    }
}

#[tokio::test]
async fn a_door_that_cannot_decide_lets_nothing_pass() {
    let open = World::starting().open().await;
    let failed = Envoy::connect(&open).await.ask(question(&[])).await.unwrap_err();
    assert_eq!(failed.code(), Code::Unavailable);

    let (world, secret) = reader();
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    let refused = envoy.refuse(CheckRequest { attributes: None }).await;
    assert_eq!((refused.status(), &refused.body()["code"]), (403, &"unclear_call".into()));

    world.clock.set(i64::MAX);
    let refused = envoy.refuse(question(&[("x-api-key", &secret)])).await;
    assert_eq!((refused.code, refused.status()), (13, 500));
    assert_eq!(refused.body()["code"], "internal");
    world.clock.set(NOW);
    envoy.pass(question(&[("x-api-key", &secret)])).await;
}

#[tokio::test]
async fn a_stale_decision_says_so_to_the_caller() {
    let (world, secret) = reader();
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    world.clock.set(NOW + 3601);
    let passed = envoy.pass(question(&[("x-api-key", &secret)])).await;
    assert_eq!(headers(&passed.ok.response_headers_to_add)["x-tollgate-stale"], "true");
    assert_eq!(envoy.refuse(question(&[])).await.headers()["x-tollgate-stale"], "true");
}

#[tokio::test]
async fn a_question_that_is_too_large_is_refused_and_others_on_its_connection_are_answered() {
    let (world, secret) = reader();
    let open = world.open().await;
    let envoy = Envoy::connect(&open).await;
    let large = "x".repeat(1024 * 1024);
    let failed = envoy.ask(question(&[("x-api-key", &secret), ("x-large", &large)])).await.unwrap_err();
    assert_eq!(failed.code(), Code::OutOfRange);
    // More than one packet has room for, in the question as in the answers that are written together.
    let long = "x".repeat(20_000);
    let many = (0..200).map(|_| envoy.pass(question(&[("x-api-key", &secret), ("x-long", &long)])));
    assert_eq!(futures::future::join_all(many).await.len(), 200);
}
