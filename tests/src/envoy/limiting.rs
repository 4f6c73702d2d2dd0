//! Envoy on the recommended bootstrap for limits alone, where it authenticates by itself.

use std::path::Path;

use anyhow::Result;

use super::EnvoyProxy;

const LIMITS_ALONE: &str = "deploy/envoy/tollgate-rate-limit.yaml";

impl EnvoyProxy {
    /// Starts it before the door at port `door`, believing tokens that are signed by the keys in this file, with what else is
    /// replaced in its bootstrap; answers when it takes calls.
    ///
    /// # Errors
    /// As [`EnvoyProxy::start`].
    pub async fn start_limiting(
        keys: &Path,
        door: u16,
        upstream: u16,
        others: &[(&str, &str)],
    ) -> Result<Self> {
        Self::start_on(LIMITS_ALONE, |ingress, admin| {
            let ports = [(10_000, ingress), (19_000, admin), (18_080, upstream), (9_090, door)];
            let ports =
                ports.map(|(from, to)| (format!("port_value: {from} "), format!("port_value: {to} ")));
            let mut replaced: Vec<_> = ports.into();
            replaced.push(("/etc/tollgate-envoy/jwks.json".to_owned(), keys.display().to_string()));
            // A busy machine is slow, and no reason to refuse a call.
            replaced.push(("timeout: 0.25s".to_owned(), "timeout: 5s".to_owned()));
            replaced.extend(others.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())));
            replaced
        })
        .await
    }
}
