//! The recommended bootstrap on the real Envoy, with no door behind it: what Envoy must hold alone.

use anyhow::Result;
use tollgate_tests::{EnvoyProxy, Port, Received, Upstream};

/// Looks like a key's secret, and must come out nowhere.
const SECRET: &str = "tg_prod_0123456789abcdefghijABCDEFGHIJ0123456789XYzz";

struct Stage {
    proxy: EnvoyProxy,
    upstream: Upstream,
    /// Kept, so that nobody else answers where the door should be.
    _door: Port,
}

async fn without_door() -> Result<Stage> {
    let upstream = Upstream::start().await?;
    let mut door = Port::reserve()?;
    door.release();
    let proxy = EnvoyProxy::start(door.number(), upstream.port()).await?;
    Ok(Stage { proxy, upstream, _door: door })
}

impl Stage {
    /// Sends one call and answers its status and what reached the upstream, which is one call at most.
    async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<(u16, Option<Received>)> {
        let answer = self.proxy.call(method, path, headers).await?;
        let mut received = self.upstream.take_requests();
        anyhow::ensure!(received.len() <= 1, "one call reached the upstream as {received:?}");
        Ok((answer.status, received.pop()))
    }
}

#[tokio::test]
async fn a_governed_call_is_refused_while_the_door_is_away() -> Result<()> {
    let stage = without_door().await?;
    for path in ["/", "/orders", "/sandbox/orders", "/healthz/deeper", "/healthz;x", "/healthz/"] {
        let (status, received) = stage.call("GET", path, &[("x-api-key", SECRET)]).await?;
        assert_eq!((status, received), (503, None), "GET {path}");
    }
    let (status, received) = stage.call("POST", "/healthz", &[]).await?;
    assert_eq!((status, received), (503, None), "only GET of the health route is open");
    Ok(())
}

#[tokio::test]
async fn the_health_route_needs_no_key_and_passes_no_credential_on() -> Result<()> {
    let stage = without_door().await?;
    let bearer = format!("Bearer {SECRET}");
    let (status, received) =
        stage.call("GET", "/healthz", &[("x-api-key", SECRET), ("authorization", &bearer)]).await?;
    let received = received.expect("health is the upstream's to tell");
    assert_eq!((status, received.path.as_str()), (200, "/healthz"));
    assert!(!received.mentions(SECRET), "{received:?}");
    Ok(())
}

#[tokio::test]
async fn identity_headers_from_outside_do_not_reach_the_upstream() -> Result<()> {
    let stage = without_door().await?;
    let forged = [
        ("x-tollgate-client-id", "forged"),
        ("X-Tollgate-Key-Id", "forged"),
        ("x-tollgate-scopes", "forged"),
        ("x-tollgate-environment", "forged"),
        ("x-tollgate-whatever-comes-next", "forged"),
        ("x-envoy-external-address", "198.51.100.7"),
        ("x-envoy-original-path", "/forged"),
    ];
    let (status, received) = stage.call("GET", "/healthz", &forged).await?;
    let received = received.expect("the call is allowed, only its forged headers are not");
    assert_eq!(status, 200);
    assert!(!received.mentions("forged") && !received.mentions("x-tollgate-"), "{received:?}");
    assert_eq!(received.header("x-envoy-external-address"), Some("127.0.0.1"), "{received:?}");
    Ok(())
}

#[tokio::test]
async fn the_callers_address_is_believed_to_the_trusted_hops_and_no_further() -> Result<()> {
    let upstream = Upstream::start().await?;
    let mut door = Port::reserve()?;
    door.release();
    let proxy = EnvoyProxy::start_behind(1, door.number(), upstream.port()).await?;
    let chain = [("x-forwarded-for", "203.0.113.9, 198.51.100.7")];
    assert_eq!(proxy.call("GET", "/healthz", &chain).await?.status, 200);
    let received = upstream.take_requests();
    assert_eq!(
        received.first().and_then(|call| call.header("x-envoy-external-address")),
        Some("198.51.100.7")
    );
    Ok(())
}

#[tokio::test]
async fn a_path_is_served_as_it_is_judged_or_refused() -> Result<()> {
    let stage = without_door().await?;
    let spellings =
        ["//healthz", "/./healthz", "/a/../healthz", "/../../healthz", "/a/%2e%2e/healthz", "/%68ealthz"];
    for path in spellings.into_iter().chain(["/a\\..\\healthz"]) {
        let (status, received) = stage.call("GET", path, &[]).await?;
        assert_eq!(
            (status, received.map(|call| call.path)),
            (200, Some("/healthz".to_owned())),
            "GET {path}"
        );
    }
    for path in ["/healthz%2F", "/healthz%2f..%2forders", "/a%5Cb", "/healthz/..%2Forders"] {
        let (status, received) = stage.call("GET", path, &[]).await?;
        assert_eq!((status, received), (400, None), "GET {path}");
    }
    Ok(())
}

#[tokio::test]
async fn a_header_with_an_underscore_is_refused() -> Result<()> {
    let stage = without_door().await?;
    let (status, received) = stage.call("GET", "/healthz", &[("x_tollgate_client_id", "forged")]).await?;
    assert_eq!((status, received), (400, None));
    Ok(())
}

#[tokio::test]
async fn the_access_log_tells_of_the_call_and_never_of_the_secret() -> Result<()> {
    let stage = without_door().await?;
    let bearer = format!("Bearer {SECRET}");
    let headers = [("x-api-key", SECRET), ("authorization", bearer.as_str())];
    let (status, _) = stage.call("GET", &format!("/orders/17?api_key={SECRET}"), &headers).await?;
    let (line, text) = {
        let lines = stage.proxy.access_log(1).await?;
        (lines.first().cloned().unwrap_or_default(), stage.proxy.process().stdout()?)
    };
    assert_eq!((status, &line["status"], &line["path"]), (503, &503.into(), &"/orders/17".into()));
    assert_eq!(line["details"], "ext_authz_error", "{line}");
    assert!(!text.contains(SECRET), "{text}");
    Ok(())
}
