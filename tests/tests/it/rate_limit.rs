//! Limits alone, by Envoy's rate limit service, through a real Envoy that authenticates by itself.

use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tollgate_tests::{Answer, EnvoyProxy, Port, Upstream, World, until};

/// Signs tokens that Envoy believes.
const SIGNING: &[u8] = b"a-signing-key-for-tests-only-0123456789";

/// An installation, the Envoy that it authenticates for, and one that asks it for limits alone.
struct Stage {
    world: World,
    limiting: EnvoyProxy,
    _keys: TempDir,
}

impl Stage {
    async fn start(others: &[(&str, &str)]) -> Result<Self> {
        let world = World::start().await?;
        let keys = signing_keys()?;
        let (door, upstream) = (world.product.gateway_port(), world.upstream.port());
        let limiting =
            EnvoyProxy::start_limiting(&keys.path().join("jwks.json"), door, upstream, others).await?;
        Ok(Self { world, limiting, _keys: keys })
    }

    /// A call of whom the token names.
    async fn call(&self, path: &str, client_id: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let bearer = bearer(client_id)?;
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        self.limiting.call("GET", path, &all).await
    }
}

fn signing_keys() -> Result<TempDir> {
    let directory = tempfile::tempdir()?;
    let key = json!({ "kty": "oct", "alg": "HS256", "k": BASE64_URL_SAFE_NO_PAD.encode(SIGNING) });
    std::fs::write(directory.path().join("jwks.json"), json!({ "keys": [key] }).to_string())?;
    Ok(directory)
}

fn bearer(client_id: &str) -> Result<String> {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iss": "https://id.example.com", "aud": "https://api.example.com", "exp": 4_000_000_000_u64,
        "tollgate_client_id": client_id,
    });
    let signed = format!("{}.{}", part(&json!({ "alg": "HS256" })), part(&claims));
    let mut signing = Hmac::<Sha256>::new_from_slice(SIGNING)?;
    signing.update(signed.as_bytes());
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signing.finalize().into_bytes());
    Ok(format!("Bearer {signed}.{signature}"))
}

fn policy(rates: &Value, quotas: &Value) -> Value {
    json!({ "name": "limits", "rates": rates, "quotas": quotas })
}

fn header(answer: &Answer, name: &str) -> Option<String> {
    assert!(answer.headers.get_all(name).iter().count() <= 1, "{name} is there once: {:?}", answer.headers);
    answer.header(name)
}

#[tokio::test]
async fn a_client_has_one_quota_whoever_authenticates_it_and_its_report_has_every_call() -> Result<()> {
    let stage = Stage::start(&[]).await?;
    let world = &stage.world;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let key = world.key(&client, &json!({})).await?;
    let quotas = json!([{ "name": "yearly", "requests": 3, "period": "year" }]);
    world.policy(&policy(&json!([]), &quotas), &json!({ "client_id": client })).await?;

    let granted = stage.call("/orders", &client, &[]).await?;
    assert_eq!(granted.status, 200, "{}", granted.body);
    assert_eq!(header(&granted, "x-ratelimit-remaining").as_deref(), Some("2"));
    let limit = header(&granted, "x-ratelimit-limit").context("Envoy says which limit")?;
    assert!(limit.starts_with("3, 3;w=") && limit.ends_with(";name=\"yearly\""), "{limit}");
    assert!(header(&granted, "ratelimit").context("so does the door")?.starts_with("\"yearly\";r=2;t="));
    let received = world.upstream.take_requests();
    assert!(received.iter().all(|call| call.header("authorization").is_none()), "{received:?}");

    assert_eq!(world.call("/orders", &key.secret).await?.status, 200);
    assert_eq!(stage.call("/orders", &client, &[]).await?.status, 200);
    let refused = stage.call("/orders", &client, &[]).await?;
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("quota_exceeded")));
    assert_eq!(header(&refused, "content-type").as_deref(), Some("application/problem+json"));
    let retry_after: u64 = header(&refused, "retry-after").context("says when to come back")?.parse()?;
    assert!((1..=366 * 86_400).contains(&retry_after), "{retry_after}");
    assert!(
        header(&refused, "ratelimit-policy").context("names the limit")?.starts_with("\"yearly\";q=3;w=")
    );
    assert_eq!(header(&refused, "x-ratelimit-remaining").as_deref(), Some("0"));
    assert_eq!(header(&refused, "x-envoy-ratelimited"), None);
    assert_eq!(world.call("/orders", &key.secret).await?.status, 429);

    let report = format!("/reports/usage?granularity=total&group_by=client&client_id={client}");
    let row = until("the report to have every call", Duration::from_secs(10), async || {
        let row = world.admin.get(&report).await?.json["items"][0].clone();
        Ok((row["total"] == 5).then_some(row))
    });
    let row = row.await?;
    assert_eq!([&row["allowed"], &row["quota_exceeded"]], [3, 2], "{row}");
    let log = stage.limiting.access_log(3).await?;
    assert!(log.iter().all(|line| line["client_id"] == client.as_str()), "{log:?}");
    assert!(log.iter().all(|line| line["decision_id"].is_string()), "{log:?}");
    Ok(())
}

#[tokio::test]
async fn who_is_suspended_is_stopped_and_who_is_not_known_is_not_limited() -> Result<()> {
    let stage = Stage::start(&[]).await?;
    let world = &stage.world;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let rates = json!([{ "name": "r", "requests": 1, "per_seconds": 86400, "burst": 1 }]);
    world.policy(&policy(&rates, &json!([])), &json!({})).await?;
    world.command(&format!("/clients/{client}/suspend"), &json!({ "reason": "unpaid" })).await?;

    let stopped = stage.call("/orders", &client, &[]).await?;
    assert_eq!((stopped.status, &stopped.json["code"]), (429, &json!("client_suspended")));
    assert_eq!((header(&stopped, "retry-after"), header(&stopped, "ratelimit")), (None, None));
    for _ in 0..3 {
        let unknown = stage.call("/orders", "cli_00000000000000000000000009", &[]).await?;
        assert_eq!((unknown.status, header(&unknown, "ratelimit")), (200, None));
    }
    assert_eq!(stage.limiting.call("GET", "/orders", &[]).await?.status, 401, "Envoy itself authenticates");
    assert_eq!(stage.limiting.call("GET", "/healthz", &[]).await?.status, 200);
    Ok(())
}

/// As the bootstrap's comments have it, and a limit of its own for each address, as an earlier filter says.
const PRICED: [(&str, &str); 2] = [
    (
        "# hits_addend: { format: \"%REQ(x-call-cost)%\" }",
        "hits_addend: { format: \"%REQ(x-call-cost)%\" }
              - actions: [{ remote_address: {} }]
                limit: { dynamic_metadata: { metadata_key: { key: plans, path: [{ key: each_address }] } } }",
    ),
    (
        "- name: envoy.filters.http.ratelimit",
        "- name: envoy.filters.http.set_metadata
            typed_config:
              \"@type\": type.googleapis.com/envoy.extensions.filters.http.set_metadata.v3.Config
              metadata:
              - { metadata_namespace: plans, value: { each_address: { requests_per_unit: 4, unit: YEAR } } }
          - name: envoy.filters.http.ratelimit",
    ),
];

#[tokio::test]
async fn a_call_counts_for_what_envoy_says_and_a_descriptor_may_bring_its_own_limit() -> Result<()> {
    let stage = Stage::start(&PRICED).await?;
    let world = &stage.world;
    let client = world.client("Acme", &[]).await?;
    world.route("/orders", &[]).await?;
    let quotas = json!([{ "name": "yearly", "requests": 100, "period": "year" }]);
    world.policy(&policy(&json!([]), &quotas), &json!({ "client_id": client })).await?;

    for (cost, yearly, own) in
        [("7", Some(93), 3), ("0", Some(93), 2), ("93", Some(0), 1), ("a lot", None, 0)]
    {
        let answer = stage.call("/orders", &client, &[("x-call-cost", cost)]).await?;
        assert_eq!(answer.status, 200, "{cost}: {}", answer.body);
        let state = header(&answer, "ratelimit").context("the limits are told")?;
        assert!(state.contains(&format!("\"override\";r={own};")), "{cost}: {state}");
        // Of a cost that is none Envoy leaves out the whole descriptor: the bootstrap warns of that.
        match yearly {
            Some(left) => assert!(state.contains(&format!("\"yearly\";r={left};")), "{cost}: {state}"),
            None => assert!(!state.contains("yearly"), "{cost}: {state}"),
        }
    }
    // Who is not known is limited by it too.
    let refused = stage.call("/orders", "nobody", &[("x-call-cost", "1")]).await?;
    assert_eq!((refused.status, &refused.json["code"]), (429, &json!("rate_limited")));
    assert!(header(&refused, "ratelimit").context("names it")?.starts_with("\"override\";r=0;t="));
    Ok(())
}

#[tokio::test]
async fn a_call_is_refused_while_the_door_is_away() -> Result<()> {
    let (upstream, keys) = (Upstream::start().await?, signing_keys()?);
    let mut door = Port::reserve()?;
    door.release();
    let jwks = keys.path().join("jwks.json");
    let limiting = EnvoyProxy::start_limiting(&jwks, door.number(), upstream.port(), &[]).await?;
    let bearer = bearer("cli_00000000000000000000000001")?;
    let answer = limiting.call("GET", "/orders", &[("authorization", &bearer)]).await?;
    assert_eq!((answer.status, upstream.take_requests().len()), (503, 0));
    let line = limiting.access_log(1).await?.remove(0);
    assert_eq!(line["details"], "rate_limiter_error", "{line}");
    assert_eq!(limiting.call("GET", "/healthz", &[]).await?.status, 200, "health does not hang on the door");
    Ok(())
}
