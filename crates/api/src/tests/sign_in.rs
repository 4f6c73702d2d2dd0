//! Ways in beside our own tokens, and what failing costs.

use std::net::SocketAddr;

use http::Method;
use serde_json::json;

use super::{
    harness::{Answer, Call, World},
    provider::{ORIGIN, TestProvider},
};

const SESSION: &str = "__Host-tollgate-session";
const BEGUN: &str = "__Host-tollgate-sign-in";
const REFUSED: &str = "/?sign_in=refused";

/// The value that an answer sets a cookie to.
fn set_cookie(answer: &Answer, name: &str) -> Option<String> {
    let fields = answer.headers.get_all("set-cookie").iter().map(|field| field.to_str().unwrap());
    let mut own = fields.filter_map(|field| field.split_once('=').filter(|(own, _)| *own == name));
    own.next().map(|(_, rest)| rest.split(';').next().unwrap().to_owned())
}

/// What a browser has after it began to sign in: its cookie, and what the provider was sent.
struct Begun {
    cookie: String,
    state: String,
    nonce: String,
}

impl Begun {
    async fn at(world: &World) -> Self {
        let answer = world.get("/v1/session/start?return_to=/").without("authorization").expect(303).await;
        let location = answer.field("location").unwrap();
        let sent = |name: &str| {
            let (_, rest) = location.split_once(&format!("{name}=")).unwrap();
            rest.split('&').next().unwrap().to_owned()
        };
        let cookie = set_cookie(&answer, BEGUN).unwrap();
        Self { cookie, state: sent("state"), nonce: sent("nonce") }
    }

    fn callback<'world>(&self, world: &'world World) -> Call<'world> {
        let path = format!("/v1/session/callback?code=c&state={}&session_state=x", self.state);
        world.get(path).without("authorization").header("cookie", &format!("{BEGUN}={}", self.cookie))
    }
}

fn now(world: &World) -> i64 {
    world.door.now().as_second()
}

/// The session's cookie of somebody who signs in.
async fn session(world: &World, provider: &TestProvider, subject: &str, groups: &[&str]) -> String {
    let begun = Begun::at(world).await;
    provider.vouch(subject, &begun.nonce, groups, now(world));
    let answer = begun.callback(world).expect(303).await;
    assert_eq!(answer.field("location"), Some("/"));
    assert_eq!(set_cookie(&answer, BEGUN).as_deref(), Some(""), "what was begun has ended");
    set_cookie(&answer, SESSION).unwrap()
}

fn by<'world>(call: Call<'world>, session: &str) -> Call<'world> {
    call.without("authorization").header("cookie", &format!("{SESSION}={session}"))
}

fn from_us<'world>(call: Call<'world>, session: &str) -> Call<'world> {
    by(call, session).header("sec-fetch-site", "same-origin")
}

async fn world(admits: bool) -> (World, TestProvider) {
    let provider = TestProvider::start(admits).await;
    (World::signing_in(&provider).await, provider)
}

/// A status that an operation of sessions documents.
pub(super) async fn answer(status: &str, operation: &str) -> Answer {
    let (world, provider) = world(true).await;
    let cookie = session(&world, &provider, "u-1", &[]).await;
    let own = from_us(world.get("/v1/session"), &cookie).expect(200).await.json();
    let one = format!("/v1/sessions/{}", own["id"].as_str().unwrap());
    let (method, path) = match operation {
        "start_sign_in" => (Method::GET, "/v1/session/start"),
        "finish_sign_in" => (Method::GET, "/v1/session/callback"),
        "get_session" => (Method::GET, "/v1/session"),
        "end_session" => (Method::DELETE, "/v1/session"),
        "list_sessions" => (Method::GET, "/v1/sessions"),
        "end_other_session" => (Method::DELETE, one.as_str()),
        other => panic!("{other} is not about sessions"),
    };
    match status {
        "400" => from_us(world.call(method, format!("{path}?unknown=1")), &cookie).send().await,
        "401" => world.call(method, path).without("authorization").send().await,
        "403" => by(world.call(method, path), &cookie).header("sec-fetch-site", "cross-site").send().await,
        "404" if operation.ends_with("sign_in") => World::new().await.call(method, path).send().await,
        "404" => world.call(method, path.replace("/ses_", "/ses_0")).send().await,
        "429" => spent(&world, world.call(method, path)).await,
        _ => from_us(world.call(method, path), &cookie).send().await,
    }
}

/// The answer to another site's page that reads by a session.
pub(super) async fn across_sites(path: &str) -> Answer {
    let (world, provider) = world(true).await;
    let cookie = session(&world, &provider, "u-1", &[]).await;
    by(world.get(path), &cookie).header("sec-fetch-site", "cross-site").send().await
}

/// The answer to somebody whose address has failed too often.
pub(super) async fn spent(world: &World, call: Call<'_>) -> Answer {
    let address: SocketAddr = "192.0.2.1:1".parse().unwrap();
    for _ in 0..20 {
        world.door.api().sign_in.failures.fail_address(Some(address.ip()), world.door.now());
    }
    call.token("wrong").from(address).send().await
}

#[tokio::test]
async fn a_person_signs_in_with_the_roles_of_their_claims_and_signs_out() {
    let (world, provider) = world(true).await;
    let cookie = session(&world, &provider, "u-1", &["g-view", "g-other"]).await;
    let me = by(world.get("/v1/whoami"), &cookie).expect(200).await.json();
    assert!(me["id"].as_str().unwrap().starts_with("prn_"), "{me}");
    assert_eq!(
        (&me["kind"], &me["authenticated_by"], &me["roles"]),
        (&json!("person"), &json!("oidc"), &json!(["viewer"]))
    );
    from_us(world.get("/v1/clients"), &cookie).expect(200).await;
    let body = super::harness::client_body();
    from_us(world.post("/v1/clients", &body), &cookie).refused(403, "permission_denied").await;
    let mine = from_us(world.get("/v1/session"), &cookie).expect(200).await.json();
    assert_eq!((&mine["principal_id"], &mine["current"]), (&me["id"], &json!(true)));
    let out = format!("{}/out?client_id=console", provider.issuer);
    assert_eq!(mine["provider_sign_out"], out, "signing out there is the browser's affair");
    let answer = from_us(world.delete("/v1/session"), &cookie).expect(204).await;
    assert_eq!(set_cookie(&answer, SESSION).as_deref(), Some(""));
    let after = from_us(world.get("/v1/whoami"), &cookie).expect(401).await;
    assert_eq!(set_cookie(&after, SESSION).as_deref(), Some(""));
}

#[tokio::test]
async fn the_same_person_is_the_same_principal_and_no_claim_is_no_role() {
    let (world, provider) = world(true).await;
    let mut ids = vec![];
    for (subject, groups) in [("u-1", &["g-view"][..]), ("u-1", &[]), ("u-2", &[])] {
        let cookie = session(&world, &provider, subject, groups).await;
        let me = by(world.get("/v1/whoami"), &cookie).expect(200).await.json();
        assert_eq!(me["roles"].as_array().unwrap().len(), groups.len(), "an empty set grants nothing");
        ids.push(me["id"].clone());
    }
    assert!(ids[0] == ids[1] && ids[0] != ids[2], "whatever the e-mail address says");
}

#[tokio::test]
async fn whoever_is_not_let_in_is_always_told_the_same() {
    let (world, provider) = world(false).await;
    let begun = Begun::at(&world).await;
    provider.vouch("u-1", &begun.nonce, &["g-view"], now(&world));
    let other = Begun::at(&world).await;
    let path = format!("/v1/session/callback?code=c&state={}", begun.state);
    let with = |cookie: &str| {
        world.get(path.clone()).without("authorization").header("cookie", &format!("{BEGUN}={cookie}"))
    };
    for (why, call) in [
        ("unknown here", begun.callback(&world)),
        ("another browser", with(&other.cookie)),
        ("no browser that began", with("x")),
        ("denied", world.get(format!("/v1/session/callback?error=access_denied&state={}", begun.state))),
        ("nothing", world.get("/v1/session/callback")),
        ("unreadable", world.get("/v1/session/callback?code=1&code=2")),
    ] {
        let answer = call.expect(303).await;
        assert_eq!(answer.field("location"), Some(REFUSED), "{why}");
        assert_eq!(set_cookie(&answer, SESSION), None, "{why}");
    }
}

#[tokio::test]
async fn a_callback_that_comes_again_opens_nothing() {
    let (world, provider) = world(true).await;
    let begun = Begun::at(&world).await;
    provider.vouch("u-1", &begun.nonce, &[], now(&world));
    assert!(set_cookie(&begun.callback(&world).expect(303).await, SESSION).is_some());
    let again = begun.callback(&world).expect(303).await;
    assert_eq!((again.field("location"), set_cookie(&again, SESSION)), (Some(REFUSED), None));
}

#[tokio::test]
async fn a_session_that_somebody_has_planted_is_not_taken_over() {
    let (world, provider) = world(true).await;
    let planted = session(&world, &provider, "attacker", &[]).await;
    let begun = Begun::at(&world).await;
    provider.vouch("u-1", &begun.nonce, &[], now(&world));
    let call = begun.callback(&world).without("cookie");
    let cookies = format!("{BEGUN}={}; {SESSION}={planted}", begun.cookie);
    let answer = call.header("cookie", &cookies).expect(303).await;
    let own = set_cookie(&answer, SESSION).unwrap();
    assert_ne!(own, planted);
    let id = |me: serde_json::Value| me["id"].clone();
    let attacker = id(by(world.get("/v1/whoami"), &planted).expect(200).await.json());
    assert_ne!(id(by(world.get("/v1/whoami"), &own).expect(200).await.json()), attacker);
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let (world, provider) = world(true).await;
    for elsewhere in ["//evil.example", "https://evil.example", "/%5Cevil.example", "/v1/session/start"] {
        let path = format!("/v1/session/start?return_to={elsewhere}");
        let answer = world.get(path).without("authorization").expect(303).await;
        let location = answer.field("location").unwrap();
        assert!(location.starts_with(&provider.issuer) && !location.contains("evil"), "{location}");
    }
}

#[tokio::test]
async fn a_session_ends_by_time() {
    let (world, provider) = world(true).await;
    let cookie = session(&world, &provider, "u-1", &[]).await;
    world.set_now("2026-03-01T12:29:59Z");
    by(world.get("/v1/whoami"), &cookie).expect(200).await;
    world.set_now("2026-03-01T12:59:59Z");
    by(world.get("/v1/whoami"), &cookie).expect(401).await;
    world.set_now("2026-03-01T13:00:00Z");
    let cookie = session(&world, &provider, "u-1", &[]).await;
    for hour in 13..25 {
        for minute in ["00", "25", "50"] {
            let day = if hour < 24 { "01" } else { "02" };
            world.set_now(&format!("2026-03-{day}T{:02}:{minute}:00Z", hour % 24));
            by(world.get("/v1/whoami"), &cookie).expect(200).await;
        }
    }
    world.set_now("2026-03-02T01:00:00Z");
    by(world.get("/v1/whoami"), &cookie).expect(401).await;
}

#[tokio::test]
async fn a_page_of_another_site_does_nothing_by_a_session() {
    let (world, provider) = world(true).await;
    let cookie = session(&world, &provider, "u-1", &["g-view"]).await;
    let write = || by(world.delete("/v1/session"), &cookie);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("x-nothing", "x"),
    ] {
        write().header(name, value).refused(403, "cross_site_request").await;
    }
    by(world.get("/v1/clients"), &cookie)
        .header("sec-fetch-site", "cross-site")
        .refused(403, "cross_site_request")
        .await;
    // A token is not sent by itself: whoever has it may ask from anywhere.
    world.get("/v1/clients").header("sec-fetch-site", "cross-site").expect(200).await;
    write().header("origin", ORIGIN).expect(204).await;
}

#[tokio::test]
async fn sessions_are_ended_by_their_owner_an_officer_and_when_the_person_is_disabled() {
    let (world, provider) = world(true).await;
    let (mine, other) =
        (session(&world, &provider, "u-1", &[]).await, session(&world, &provider, "u-2", &[]).await);
    let id =
        async |cookie: &str| from_us(world.get("/v1/session"), cookie).expect(200).await.json()["id"].clone();
    let ids = (id(&mine).await, id(&other).await);
    let (mine_path, other_path) = (
        format!("/v1/sessions/{}", ids.0.as_str().unwrap()),
        format!("/v1/sessions/{}", ids.1.as_str().unwrap()),
    );
    let listed = from_us(world.get("/v1/sessions"), &mine).expect(200).await.json();
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &ids.0));
    assert_eq!(world.get("/v1/sessions").expect(200).await.json()["items"].as_array().unwrap().len(), 2);
    from_us(world.delete(other_path.clone()), &mine).refused(404, "session_not_found").await;
    world.delete(other_path).expect(204).await;
    from_us(world.get("/v1/session"), &other).expect(401).await;
    from_us(world.delete(mine_path), &mine).expect(204).await;
    from_us(world.get("/v1/session"), &mine).expect(401).await;
    let again = session(&world, &provider, "u-1", &["g-view"]).await;
    let who = from_us(world.get("/v1/session"), &again).expect(200).await.json()["principal_id"].clone();
    let path = format!("/v1/principals/{}/disable", who.as_str().unwrap());
    world.post(path, &json!({ "reason": "left" })).expect(200).await;
    world.accessible().await;
    from_us(world.get("/v1/session"), &again).expect(401).await;
    let begun = Begun::at(&world).await;
    provider.vouch("u-1", &begun.nonce, &["g-view"], now(&world));
    let answer = begun.callback(&world).expect(303).await;
    assert_eq!(set_cookie(&answer, SESSION), None, "who is disabled does not come in again");
}

#[tokio::test]
async fn a_machine_shows_the_token_of_its_issuer() {
    let (world, provider) = world(true).await;
    let now = now(&world);
    let me =
        world.get("/v1/whoami").token(&provider.machine("ci", "tollgate-api", now)).expect(200).await.json();
    assert_eq!(
        (&me["kind"], &me["authenticated_by"], &me["roles"]),
        (&json!("service_account"), &json!("jwt"), &json!(["viewer"]))
    );
    assert!(me["id"].as_str().unwrap().ends_with("/ci"), "{me}");
    let other = world
        .get("/v1/whoami")
        .token(&provider.machine("other", "tollgate-api", now))
        .expect(200)
        .await
        .json();
    assert_eq!(other["roles"], json!([]));
    let without = |answer: &Answer| {
        let mut body = answer.json();
        body.as_object_mut().unwrap().remove("request_id");
        body
    };
    let expected = without(&world.get("/v1/whoami").token("tga_admin_nobody").expect(401).await);
    for wrong in [
        provider.machine("ci", "console", now),
        provider.machine("ci", "other", now),
        provider.machine("ci", "tollgate-api", now - 10_000),
        "eyJhbGciOiJub25lIn0.e30.e30".to_owned(),
        "ey.ey.ey".to_owned(),
        format!("ey{}", "a".repeat(8_192)),
    ] {
        let answer = world.get("/v1/whoami").token(&wrong).expect(401).await;
        assert_eq!(without(&answer), expected);
    }
}

#[tokio::test]
async fn whoever_fails_too_often_is_not_listened_to_for_a_while() {
    let world = World::new().await;
    let from = |address: &str| format!("{address}:1").parse::<SocketAddr>().unwrap();
    let (one, other) = (from("192.0.2.1"), from("192.0.2.2"));
    for _ in 0..20 {
        world.get("/v1/whoami").token("wrong").from(one).expect(401).await;
        // Who shows nothing has not failed.
        world.get("/v1/whoami").without("authorization").from(other).expect(401).await;
    }
    let answer = world.get("/v1/whoami").token("wrong").from(one).expect(429).await;
    assert_eq!(answer.json()["code"], "too_many_failures");
    assert_eq!(
        (answer.field("retry-after"), &answer.json()["retry_after_seconds"]),
        (Some("10"), &json!(10))
    );
    world.get("/v1/whoami").from(other).expect(200).await;
    // Others at that address are not shut out.
    world.get("/v1/whoami").from(one).expect(200).await;
    world.set_now("2026-03-01T12:00:10Z");
    world.get("/v1/whoami").token("wrong").from(one).expect(401).await;
}

/// Any page can send the browsers of an office here, time and again, without what they have begun.
#[tokio::test]
async fn a_callback_of_nobody_who_began_costs_its_address_nothing() {
    let (world, _provider) = world(true).await;
    let office: SocketAddr = "192.0.2.1:1".parse().unwrap();
    let callback = || world.get("/v1/session/callback?code=c&state=x").without("authorization").from(office);
    for _ in 0..40 {
        callback().expect(303).await;
    }
    world.get("/v1/whoami").token("wrong").from(office).expect(401).await;
    for _ in 0..19 {
        callback().header("cookie", &format!("{BEGUN}=guessed")).expect(303).await;
    }
    world.get("/v1/whoami").token("wrong").from(office).expect(429).await;
}

/// Entries of observations, the newest first.
async fn observed(world: &World, action: &str) -> Vec<serde_json::Value> {
    world.observed().await;
    let list = world.get(format!("/v1/audit?action=observation.{action}")).expect(200).await.json();
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn signing_in_failing_to_and_signing_out_are_on_record() {
    let provider = TestProvider::start(true).await;
    let world = World::signing_in(&provider).await;
    let cookie = session(&world, &provider, "ada", &["operators"]).await;
    let [signed_in] = observed(&world, "signed_in").await.try_into().unwrap();
    let id = signed_in["data"]["principal_id"].as_str().unwrap().to_owned();
    assert_eq!((&signed_in["actor"]["id"], &signed_in["outcome"]), (&json!(id), &json!("succeeded")));

    let shown =
        || world.get("/v1/session").without("authorization").header("cookie", &format!("{SESSION}={cookie}"));
    let session_id = shown().expect(200).await.json()["id"].clone();
    assert_eq!(signed_in["data"]["session_id"], session_id);
    let delete = world.call(Method::DELETE, "/v1/session").without("authorization");
    let delete = delete.header("cookie", &format!("{SESSION}={cookie}")).header("origin", ORIGIN);
    delete.expect(204).await;
    let [signed_out] = observed(&world, "signed_out").await.try_into().unwrap();
    assert_eq!((&signed_out["actor"]["id"], &signed_out["data"]["session_id"]), (&json!(id), &session_id));

    let begun = Begun::at(&world).await;
    provider.vouch("ada", "another nonce", &[], now(&world));
    let answer = begun.callback(&world).expect(303).await;
    assert_eq!(answer.field("location"), Some(REFUSED));
    let [failed] = observed(&world, "authentication_failed").await.try_into().unwrap();
    assert_eq!((&failed["data"]["way"], &failed["outcome"]), (&json!("provider"), &json!("failed")));
}
