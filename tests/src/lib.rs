//! The harness of the whole-system tests: the real binary, a real Envoy on the recommended bootstrap, an upstream that
//! tells what it received, and a clock that the test sets. The tests themselves are in `tests/it/`.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use tollgate_tests::{EnvoyProxy, Launch, Upstream};
//!
//! let upstream = Upstream::start().await?;
//! let product = Launch::new("the bootstrap token")?.with_clock()?.start().await?;
//! let proxy = EnvoyProxy::start(product.gateway_port(), upstream.port()).await?;
//!
//! let client = product.admin()?.post("/clients", &serde_json::json!({"name": "acme"})).await?;
//! assert_eq!(client.status, 201);
//! let refused = proxy.call("GET", "/orders", &[("x-api-key", "nonsense")]).await?;
//! assert_eq!(refused.status, 401);
//! product.set_clock_offset_seconds(3_600)?;
//! # Ok(())
//! # }
//! ```
//!
//! Everything it starts is ended, and every file removed, when its handle is dropped; set `TOLLGATE_TEST_KEEP` to keep the
//! files. Every wait has a bound, and an error says what was waited for and what the process last printed.

mod admin;
mod clock;
mod cluster;
mod collector;
mod envoy;
mod http;
mod launch;
mod objects;
mod product;
mod upstream;
mod world;

pub use crate::admin::Admin;
pub use crate::clock::{FakeClock, now};
pub use crate::cluster::{Cluster, Role};
pub use crate::collector::{Collected, Collector};
pub use crate::envoy::EnvoyProxy;
pub use crate::http::{Answer, get, post, raw};
pub use crate::launch::{Launch, binary};
pub use crate::objects::{Objects, Sent};
pub use crate::product::Product;
pub use crate::upstream::{Received, Upstream};
pub use crate::world::{IssuedKey, TOKEN, World};
pub use test_servers::{Exit, Nats, Port, Postgres, Process, Wire, until};

use test_servers::{scratch, tool};

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// A file of the repository, by its path from the root.
///
/// # Errors
/// Never in a checkout; the signature saves the caller an `expect`.
pub fn repository_file(path: &str) -> Result<PathBuf> {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the tests lie in the repository's root")?;
    Ok(root.join(path))
}
