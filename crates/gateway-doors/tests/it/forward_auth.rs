//! What proxies that ask by a sub-request are answered.

use domain::rate_limit_policy::Mode;
use reqwest::{Client, Method, Response};

use super::world::{Open, World, environment};

async fn ask(open: &Open, below: &str, headers: &[(&str, &str)]) -> Response {
    let url = open.url(&format!("/v1/forward-auth{below}"));
    let request =
        headers.iter().fold(Client::new().get(url), |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

async fn code(answer: Response) -> String {
    let body: serde_json::Value = answer.json().await.unwrap();
    body["code"].as_str().unwrap().to_owned()
}

const NGINX: [(&str, &str); 3] = [
    ("x-original-method", "GET"),
    ("x-original-uri", "/orders/7?x=1"),
    ("x-original-host", "api.example.com"),
];
const TRAEFIK: [(&str, &str); 3] = [
    ("x-forwarded-method", "GET"),
    ("x-forwarded-uri", "/orders/7?x=1"),
    ("x-forwarded-host", "api.example.com"),
];

fn limited() -> (World, String) {
    World::after(|log| {
        log.route("GET", "/orders/{id}", Some("orders:read"));
        let client = log.client(&["orders:read"]);
        log.limit(client, Mode::Enforce, 2, 1000);
        log.key(client, |_| {}).1
    })
}

#[tokio::test]
async fn the_original_call_is_judged_and_its_caller_named() {
    let (world, secret) = limited();
    let open = world.open().await;
    for call in [NGINX, TRAEFIK] {
        let answer = ask(&open, "", &[&call[..], &[("x-api-key", &secret)]].concat()).await;
        assert_eq!(answer.status(), 200);
        assert!(header(&answer, "x-tollgate-client-id").unwrap().starts_with("cli_"));
        assert!(header(&answer, "x-tollgate-key-id").unwrap().starts_with("key_"));
        assert!(header(&answer, "x-tollgate-decision-id").unwrap().starts_with("dec_"));
        assert_eq!(header(&answer, "x-tollgate-scopes"), Some("orders:read"));
        assert_eq!(header(&answer, "x-tollgate-environment"), Some("prod"));
        assert_eq!(header(&answer, "ratelimit-policy"), Some(r#""burst";q=2;w=60,"daily";q=1000;w=86400"#));
        assert_eq!(header(&answer, "cache-control"), Some("no-store"));
        assert_eq!(answer.text().await.unwrap(), "");
    }
    let answer = ask(&open, "", &[&NGINX[..], &[("x-api-key", &secret)]].concat()).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after")), (429, Some("30")));
    assert_eq!(header(&answer, "content-type"), Some("application/problem+json"));
    assert_eq!(code(answer).await, "rate_limited");
}

#[tokio::test]
async fn a_sub_request_of_any_method_is_answered() {
    let (world, _) = limited();
    let open = world.open().await;
    for method in [Method::HEAD, Method::POST, Method::DELETE, Method::OPTIONS] {
        let request = Client::new().request(method.clone(), open.url("/v1/forward-auth"));
        let request = NGINX.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        assert_eq!(request.body("x").send().await.unwrap().status(), 401, "{method}");
    }
}

#[tokio::test]
async fn a_name_without_scopes_is_empty_and_not_absent() {
    let (world, secret) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        log.key(client, |_| {}).1
    });
    let open = world.open().await;
    let answer =
        ask(&open, "", &[&NGINX[..], &[("authorization", &format!("Bearer {secret}"))]].concat()).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "x-tollgate-scopes")), (200, Some("")));
}

#[tokio::test]
async fn a_refusal_fits_what_nginx_can_pass_on() {
    let (world, secret) = limited();
    let open = world.open().await;
    let call = [&NGINX[..], &[("x-api-key", &secret)]].concat();
    for _ in 0..2 {
        let answer = ask(&open, "/nginx", &call).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "x-tollgate-status")), (200, Some("200")));
    }
    let answer = ask(&open, "/nginx", &call).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "x-tollgate-status")), (403, Some("429")));
    assert_eq!(header(&answer, "retry-after"), Some("30"));
    let answer = ask(&open, "/nginx", &NGINX).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "x-tollgate-status")), (401, Some("401")));
    // The query may be the caller's own: it changes nothing.
    assert_eq!(ask(&open, "?statuses=nginx", &call).await.status(), 429);
    let open = World::starting().open().await;
    let answer = ask(&open, "/nginx", &call).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "x-tollgate-status")), (403, Some("503")));
}

#[tokio::test]
async fn a_caller_cannot_describe_another_call_than_its_own() {
    let (world, secret) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        log.route("GET", "/public", None);
        let client = log.client(&[]);
        log.key(client, |_| {}).1
    });
    let open = world.open().await;
    let key = [("x-api-key", secret.as_str())];
    for forged in [
        [("x-original-uri", "/public")],
        [("x-original-method", "POST")],
        [("x-original-host", "other.example.com")],
        [("x-forwarded-uri", "/public")],
    ] {
        let answer = ask(&open, "", &[&TRAEFIK[..], &forged, &key].concat()).await;
        assert_eq!(answer.status(), 403, "{forged:?}");
        assert_eq!(code(answer).await, "unclear_call", "{forged:?}");
    }
    assert_eq!(ask(&open, "", &[&TRAEFIK[..], &NGINX, &key].concat()).await.status(), 200);
    assert_eq!(code(ask(&open, "", &[&NGINX[..1], &key].concat()).await).await, "unclear_call");
    assert_eq!(code(ask(&open, "", &[&NGINX[1..], &key].concat()).await).await, "unclear_call");
    let unread = [("x-original-method", "GET"), ("x-original-uri", "/x/../orders/7")];
    assert_eq!(code(ask(&open, "", &[&unread[..], &key].concat()).await).await, "bad_path");
}

#[tokio::test]
async fn an_address_counts_only_from_a_trusted_proxy_that_does_not_contradict_itself() {
    let (world, secret) = World::after(|log| {
        log.route("GET", "/orders/{id}", None);
        let client = log.client(&[]);
        log.key(client, |key| {
            key.environment = environment("prod");
            key.allowed_cidrs = vec!["203.0.113.0/24".parse().unwrap()];
        })
        .1
    });
    let call = [&NGINX[..], &[("x-api-key", &secret)]].concat();
    let (real, chain) = (("x-real-ip", "203.0.113.9"), ("x-forwarded-for", "198.51.100.7, 203.0.113.9"));
    let open = world.open().await;
    assert_eq!(ask(&open, "", &[&call[..], &[real, chain]].concat()).await.status(), 403);
    let open = world.open_trusting().await;
    for inside in [&[real, chain][..], &[real], &[chain], &[("x-forwarded-for", "203.0.113.1"), chain]] {
        assert_eq!(ask(&open, "", &[&call[..], inside].concat()).await.status(), 200, "{inside:?}");
    }
    let outside = ("x-forwarded-for", "203.0.113.9, 198.51.100.7");
    for outside in [&[outside][..], &[real, outside], &[], &[("x-real-ip", "unknown"), chain]] {
        let answer = ask(&open, "", &[&call[..], outside].concat()).await;
        assert_eq!(code(answer).await, "address_not_allowed", "{outside:?}");
    }
}
