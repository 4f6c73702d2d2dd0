//! One request is one trace, in every process that goes on with its work; and nobody waits for a collector.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tollgate_tests::{Admin, Collected, Collector, Launch, Nats, Port, Postgres, Product, TOKEN, until};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";
const AT_MOST: Duration = Duration::from_secs(30);

fn client(name: &str) -> Value {
    json!({
        "name": name, "kind": "partner", "owner": { "team": "partners", "email": "partners@example.com" },
        "contacts": [], "environments": ["prod"], "scopes": [], "labels": {},
    })
}

fn traceparent(admin: &Admin) -> Result<Admin> {
    admin.with("traceparent", &format!("00-{TRACE}-{CALLER}-01"))
}

/// The spans of a trace, once those are among them whose names, or names and processes, are given.
async fn trace_with(collector: &Collector, trace: &str, names: &[&str]) -> Result<Vec<Collected>> {
    until("the whole trace", AT_MOST, async || {
        let spans: Vec<_> = collector.spans().into_iter().filter(|span| span.trace == trace).collect();
        let both = |span: &Collected| [span.name.clone(), format!("{} in {}", span.name, span.process.1)];
        let there: BTreeSet<String> = spans.iter().flat_map(both).collect();
        let missing: Vec<_> = names.iter().filter(|name| !there.contains(**name)).collect();
        ensure!(missing.is_empty(), "{missing:?} are missing; there are {there:?}");
        Ok(Some(spans))
    })
    .await
}

fn named<'spans>(spans: &'spans [Collected], name: &str) -> Result<&'spans Collected> {
    spans.iter().find(|span| span.name == name).with_context(|| format!("{name} was waited for"))
}

#[tokio::test]
async fn a_request_s_trace_goes_on_in_whatever_it_causes() -> Result<()> {
    let collector = Collector::start().await?;
    let product = Launch::new(TOKEN)?.env("TOLLGATE_OTLP_ENDPOINT", collector.url()).start().await?;
    let answer = traceparent(&product.admin()?)?.post("/clients", &client("Acme")).await?;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let names = ["POST /v1/clients", "append", "apply", "project client_directory", "project audit_log"];
    let spans = trace_with(&collector, TRACE, &names).await?;

    let request = named(&spans, "POST /v1/clients")?;
    assert_eq!(request.parent, CALLER);
    assert_eq!(request.process.0, "tollgate");
    assert_eq!(request.attribute("http.response.status_code"), Some("201"));
    assert_eq!(request.attribute("correlation.id"), Some(TRACE));
    let append = named(&spans, "append")?;
    assert_eq!((&append.parent, append.attribute("event.position")), (&request.span, Some("1")));
    assert!(append.took_nanos > 0 && append.took_nanos <= request.took_nanos);
    assert_eq!(named(&spans, "project audit_log")?.attribute("event.position"), Some("1"));
    let text = format!("{:?}", collector.spans());
    assert!(!text.contains(TOKEN) && !text.contains("partners@example.com"), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_correlation_id_of_the_caller_s_names_the_trace_and_links_to_the_caller_s() -> Result<()> {
    let collector = Collector::start().await?;
    let product = Launch::new(TOKEN)?.arg("--otlp-endpoint").arg(collector.url()).start().await?;
    let admin = traceparent(&product.admin()?)?.with("x-correlation-id", "order-7")?;
    assert_eq!(admin.post("/clients", &client("Acme")).await?.status, 201);
    // SHA-256 of `order-7`, its first half.
    let trace = "df8cf80227ec3237922df0ecd88385c5";
    let spans = trace_with(&collector, trace, &["POST /v1/clients", "append", "apply"]).await?;
    let request = named(&spans, "POST /v1/clients")?;
    assert_eq!((request.parent.as_str(), request.links.as_slice()), ("", [TRACE.to_owned()].as_slice()));
    Ok(())
}

#[tokio::test]
async fn without_an_endpoint_nothing_is_sent() -> Result<()> {
    let collector = Collector::start().await?;
    // The variables that OpenTelemetry's own kits obey are not ours.
    let launch = Launch::new(TOKEN)?.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url());
    let mut product = launch.env("OTEL_TRACES_EXPORTER", "otlp").start().await?;
    assert_eq!(traceparent(&product.admin()?)?.post("/clients", &client("Acme")).await?.status, 201);
    product.terminate().await?;
    assert_eq!(collector.exports(), 0);
    assert!(!product.process().stderr()?.contains("append"), "spans of a collector's are in the log");
    Ok(())
}

#[tokio::test]
async fn a_collector_that_is_away_costs_counted_spans_and_no_more() -> Result<()> {
    let mut nobody = Port::reserve()?;
    nobody.release();
    let endpoint = format!("http://{}", nobody.address());
    let mut product = Launch::new(TOKEN)?.arg("--otlp-endpoint").arg(endpoint).start().await?;
    for number in 0..20 {
        let answer = product.admin()?.post("/clients", &client(&format!("c{number}"))).await?;
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    until("dropped spans to be counted", AT_MOST, async || {
        let metrics = product.get("/metrics").await?.body;
        let dropped = metrics.lines().find_map(|line| line.strip_prefix("tollgate_traces_dropped_total "));
        let dropped: u64 = dropped.unwrap_or("0").parse()?;
        // A request, an append and a client's row each at least.
        ensure!(dropped >= 60, "{dropped} are counted");
        Ok(Some(()))
    })
    .await?;
    assert!(product.terminate().await?.success());
    let told = product.process().stderr()?.matches("Traces are dropped").count();
    assert_eq!(told, 1, "told once");
    Ok(())
}

#[tokio::test]
async fn the_last_spans_are_sent_before_a_stop() -> Result<()> {
    let collector = Collector::start().await?;
    let mut product = Launch::new(TOKEN)?.arg("--otlp-endpoint").arg(collector.url()).start().await?;
    assert_eq!(traceparent(&product.admin()?)?.post("/clients", &client("Acme")).await?.status, 201);
    product.terminate().await?;
    let there = collector.spans();
    assert!(there.iter().any(|span| span.trace == TRACE && span.name == "append"), "{there:?}");
    Ok(())
}

/// What must be in no log line: how Postgres and NATS are entered, and what gateways show to the admin API.
const SECRETS: [&str; 4] = [TOKEN, "postgres-hunter2", "nats-hunter3", "gateway-token-hunter4"];

/// Each role in a process of its own, on Postgres, NATS and a collector, with every log line there is.
struct Apart {
    roles: [(&'static str, Product); 4],
    collector: Collector,
    _nats: Nats,
    _prepared: Product,
}

impl Apart {
    async fn start() -> Result<Self> {
        let [_, postgres_password, nats_password, gateway_token] = SECRETS;
        let collector = Collector::start().await?;
        let account = format!("authorization {{ user: app, password: \"{nats_password}\" }}");
        let nats = Nats::start_with(&account).await?;
        let database = Postgres::shared().await?.database()?;
        let first = Launch::new(TOKEN)?;
        let secrets = first.directory().join("secrets").display().to_string();
        let prepared = first.start().await?;
        for command in [&["secrets", "init", &secrets], &["migrate", "--database-url", &database.url]] {
            let done = prepared.cli(command).await?;
            ensure!(done.status.success(), "{command:?}: {}", done.stderr);
        }
        let database = database.url.replacen('@', &format!(":{postgres_password}@"), 1);
        let role = async |role: &'static str| {
            let launch = Launch::new(TOKEN)?
                .env("TOLLGATE_ROLE", role)
                .env("TOLLGATE_NODE", role)
                .env("TOLLGATE_LOG", "trace")
                .env("TOLLGATE_NATS_URL", nats.url().replacen("//", &format!("//app:{nats_password}@"), 1))
                .env("TOLLGATE_GATEWAY_TOKEN", gateway_token)
                .env("TOLLGATE_SECRETS_DIR", &secrets)
                .env("TOLLGATE_OTLP_ENDPOINT", collector.url());
            let without = role == "gateway";
            let launch = if without { launch } else { launch.env("TOLLGATE_DATABASE_URL", &database) };
            anyhow::Ok((role, launch.start().await?))
        };
        let roles = [
            role("sequencer").await?,
            role("projections").await?,
            role("api").await?,
            role("gateway").await?,
        ];
        Ok(Self { roles, collector, _nats: nats, _prepared: prepared })
    }

    fn api(&self) -> &Product {
        let [_, _, (_, api), _] = &self.roles;
        api
    }
}

#[tokio::test]
async fn processes_that_share_a_log_and_a_bus_share_the_trace_and_log_no_secret() -> Result<()> {
    let apart = Apart::start().await?;
    let admin = traceparent(&apart.api().admin()?)?;
    let answer = admin.post("/clients", &client("Acme")).await?;
    assert!([201, 202].contains(&answer.status), "{}", answer.body);
    let client_id = answer.json["id"].as_str().unwrap_or_default();
    let key = json!({ "name": "key", "environment": "prod" });
    let issued = admin.post(&format!("/clients/{client_id}/keys"), &key).await?;
    let secret = issued.json["secret"].as_str().unwrap_or_default().to_owned();
    assert!(secret.starts_with("tg_prod_"), "{}", issued.body);

    let steps = [
        "POST /v1/clients in api",
        "append in api",
        "publish in sequencer",
        "project client_directory in projections",
        "apply in gateway",
    ];
    trace_with(&apart.collector, TRACE, &steps).await?;
    assert!(apart.collector.spans().iter().any(|span| span.name == "sequence"));

    for (role, product) in &apart.roles {
        let (stdout, stderr) = (product.process().stdout()?, product.process().stderr()?);
        assert!(stderr.contains("TRACE"), "{role} is asked to log everything");
        for hidden in SECRETS.iter().copied().chain([secret.as_str()]) {
            let line = stdout.lines().chain(stderr.lines()).find(|line| line.contains(hidden));
            assert!(line.is_none(), "{role} logs `{hidden}`: {line:?}");
        }
    }
    Ok(())
}
