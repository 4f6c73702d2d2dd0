//! The product, a real Envoy before it and an upstream behind, with the few things most stories begin with.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{Admin, Answer, EnvoyProxy, Launch, ModuleNode, Product, Upstream, http, until};

/// The bootstrap token of every test.
pub const TOKEN: &str = "a-bootstrap-token-for-tests-only";
const APPLIED_AT_MOST: Duration = Duration::from_secs(10);
/// What gateways outside the control plane's process show it.
pub const GATEWAY_TOKEN: &str = "a-gateway-token-for-tests-only";
/// The node of the filter inside Envoy.
const MODULE_NODE: &str = "edge-1";

/// By which door Envoy has its calls judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorKind {
    /// The product's own, one hop away.
    ExtAuthz,
    /// The filter inside Envoy, a node of its own that follows the product.
    Module,
}

/// Everything between a caller and an upstream, started for one test.
#[derive(Debug)]
pub struct World {
    pub door: DoorKind,
    pub product: Product,
    pub envoy: EnvoyProxy,
    pub upstream: Upstream,
    pub admin: Admin,
}

/// A key with the secret that was shown once.
#[derive(Clone, Debug)]
pub struct IssuedKey {
    pub client_id: String,
    pub key_id: String,
    pub secret: String,
}

impl World {
    /// # Errors
    /// When one of the three does not start.
    pub async fn start() -> Result<Self> {
        Self::start_at(DoorKind::ExtAuthz).await
    }

    /// The same by either door.
    ///
    /// # Errors
    /// When one of the three does not start.
    pub async fn start_at(door: DoorKind) -> Result<Self> {
        Self::launch(door, Launch::new(TOKEN)?, &[]).await
    }

    /// By the filter inside Envoy, with what else is replaced in its bootstrap.
    ///
    /// # Errors
    /// When one of the three does not start.
    pub async fn start_inside(others: &[(&str, &str)]) -> Result<Self> {
        Self::launch(DoorKind::Module, Launch::new(TOKEN)?, others).await
    }

    /// The same on a clock that the test gives.
    ///
    /// # Errors
    /// When one of the three does not start.
    pub async fn start_with_clock() -> Result<Self> {
        Self::launch(DoorKind::ExtAuthz, Launch::new(TOKEN)?.with_clock()?, &[]).await
    }

    /// The same, as a test has varied it.
    ///
    /// # Errors
    /// When one of the three does not start.
    pub async fn start_as(vary: impl FnOnce(Launch) -> Launch) -> Result<Self> {
        Self::launch(DoorKind::ExtAuthz, vary(Launch::new(TOKEN)?), &[]).await
    }

    /// The same where the door believes what a header says that a call costs, and Envoy shows it that header.
    ///
    /// # Errors
    /// When one of the three does not start.
    pub async fn start_with_cost_header(door: DoorKind, name: &str) -> Result<Self> {
        let launch = Launch::new(TOKEN)?.env("TOLLGATE_TRUST_COST_HEADERS", "true");
        match door {
            DoorKind::ExtAuthz => {
                let product = launch.start().await?;
                let upstream = Upstream::start().await?;
                let envoy = EnvoyProxy::start_passing(name, product.gateway_port(), upstream.port()).await?;
                let admin = product.admin()?;
                Ok(Self { door, product, envoy, upstream, admin })
            }
            // The filter is inside: it sees every header there is.
            DoorKind::Module => {
                let trusting = (
                    "before_ready: refuse",
                    "before_ready: refuse\n                  trust_cost_headers: true",
                );
                Self::launch(door, launch, &[trusting]).await
            }
        }
    }

    /// The same where only these headers tell of a decision; each as its setting has it.
    ///
    /// # Errors
    /// When one of the three does not start.
    pub async fn start_telling(door: DoorKind, identity: &str, rate_limit: &str) -> Result<Self> {
        let launch = Launch::new(TOKEN)?;
        let launch = launch.env("TOLLGATE_IDENTITY_HEADERS", identity);
        let launch = launch.env("TOLLGATE_RATE_LIMIT_HEADERS", rate_limit);
        let said = format!(
            "before_ready: refuse\n                  identity_headers: [{identity}]\n                  rate_limit_headers: [{rate_limit}]"
        );
        Self::launch(door, launch, &[("before_ready: refuse", &said)]).await
    }

    async fn launch(door: DoorKind, launch: Launch, others: &[(&str, &str)]) -> Result<Self> {
        let product = launch.env("TOLLGATE_GATEWAY_TOKEN", GATEWAY_TOKEN).start().await?;
        let upstream = Upstream::start().await?;
        let envoy = match door {
            DoorKind::ExtAuthz => EnvoyProxy::start(product.gateway_port(), upstream.port()).await?,
            DoorKind::Module => {
                let node = module_node(&product);
                EnvoyProxy::start_with_module(&node, upstream.port(), others).await?
            }
        };
        let admin = product.admin()?;
        Ok(Self { door, product, envoy, upstream, admin })
    }

    /// One more Envoy by the same door, before another upstream.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn another_envoy(&self, upstream: u16) -> Result<EnvoyProxy> {
        match self.door {
            DoorKind::ExtAuthz => EnvoyProxy::start(self.product.gateway_port(), upstream).await,
            DoorKind::Module => {
                let node = ModuleNode { name: "edge-2".to_owned(), ..module_node(&self.product) };
                EnvoyProxy::start_with_module(&node, upstream, &[]).await
            }
        }
    }

    /// Gives a command and waits until the gateway has applied it.
    ///
    /// # Errors
    /// When it is not answered with success, or the gateway does not follow.
    pub async fn command(&self, path: &str, body: &Value) -> Result<Answer> {
        let answer = self.admin.post(path, body).await?;
        ensure!(
            (200..300).contains(&answer.status),
            "POST {path} answered {} {}",
            answer.status,
            answer.body
        );
        self.applied(&answer).await?;
        Ok(answer)
    }

    /// Waits until the gateway has applied what this answer is about.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn applied(&self, answer: &Answer) -> Result<()> {
        let position: u64 =
            answer.header("tollgate-position").context("a write says its position")?.parse()?;
        if self.door == DoorKind::Module {
            self.applied_inside(position).await?;
        }
        // A malformed secret consumes nothing, and the answer names the position it was judged at.
        let probe = json!({ "secret": "not-a-secret", "method": "GET", "path": "/" });
        until("the gateway to follow", APPLIED_AT_MOST, async || {
            let judged = self.verify(&probe).await?;
            let at =
                judged.json.get("position").and_then(Value::as_u64).context("verify names a position")?;
            Ok((at >= position).then_some(()))
        })
        .await
    }

    /// The product hears from the filter's node how far it is.
    async fn applied_inside(&self, position: u64) -> Result<()> {
        until("the filter to follow", APPLIED_AT_MOST, async || {
            let nodes = self.admin.get("/gateway/nodes").await?.json;
            let mut nodes = nodes.pointer("/items").and_then(Value::as_array).into_iter().flatten();
            let inside = nodes
                .find(|node| node.get("node").is_some_and(|name| name == MODULE_NODE))
                .context("the filter was heard of")?;
            Ok((inside.get("position").and_then(Value::as_u64) >= Some(position)).then_some(()))
        })
        .await
    }

    /// A call of the verify door.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn verify(&self, body: &Value) -> Result<Answer> {
        http::post(&format!("http://127.0.0.1:{}/v1/verify", self.product.gateway_port()), body).await
    }

    /// A client with these scopes in `prod`, registered.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn client(&self, name: &str, scopes: &[&str]) -> Result<String> {
        let body = json!({
            "name": name, "kind": "partner", "owner": { "team": "partners", "email": "partners@example.com" },
            "contacts": [], "environments": ["prod"], "scopes": scopes, "labels": {},
        });
        id_of(&self.command("/clients", &body).await?.json)
    }

    /// A key of that client, with what the body says beside name and environment.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn key(&self, client_id: &str, more: &Value) -> Result<IssuedKey> {
        let mut body = json!({ "name": "key", "environment": "prod" });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        let issued = self.command(&format!("/clients/{client_id}/keys"), &body).await?.json;
        Ok(IssuedKey {
            client_id: client_id.to_owned(),
            key_id: id_of(issued.get("key").context("an issue answers with the key")?)?,
            secret: issued
                .get("secret")
                .and_then(Value::as_str)
                .context("the secret is shown once")?
                .to_owned(),
        })
    }

    /// A route for GET on this path.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn route(&self, path: &str, required_scopes: &[&str]) -> Result<String> {
        let body =
            json!({ "name": path, "methods": ["GET"], "path": path, "required_scopes": required_scopes });
        id_of(&self.command("/routes", &body).await?.json)
    }

    /// A policy, assigned.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn policy(&self, policy: &Value, assignment: &Value) -> Result<String> {
        let policy_id = id_of(&self.command("/policies", policy).await?.json)?;
        self.command(&format!("/policies/{policy_id}/assignments"), assignment).await?;
        Ok(policy_id)
    }

    /// A call through Envoy with this secret.
    ///
    /// # Errors
    /// When Envoy does not answer.
    pub async fn call(&self, path: &str, secret: &str) -> Result<Answer> {
        self.envoy.call("GET", path, &[("x-api-key", secret)]).await
    }
}

fn module_node(product: &Product) -> ModuleNode {
    ModuleNode {
        name: MODULE_NODE.to_owned(),
        control_plane: product.url(""),
        token: GATEWAY_TOKEN.to_owned(),
        secrets: product.data_dir().to_owned(),
        nats_url: None,
    }
}

fn id_of(resource: &Value) -> Result<String> {
    Ok(resource
        .get("id")
        .and_then(Value::as_str)
        .with_context(|| format!("a resource has an id: {resource}"))?
        .to_owned())
}
