//! The real Envoy on the recommended bootstrap: the file under `deploy/` itself, with nothing but its ports replaced.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use test_servers::{Port, Process, until};

use crate::http::{self, Answer};
use crate::{repository_file, scratch, tool};

const BOOTSTRAP: &str = "deploy/envoy/tollgate-ext-authz.yaml";
const SEVERAL_NODES: &str = "deploy/envoy/tollgate-several-nodes.yaml";
const READY_AT_MOST: Duration = Duration::from_secs(30);

/// A running Envoy. Ended when dropped.
#[derive(Debug)]
pub struct EnvoyProxy {
    process: Process,
    ingress: Port,
    admin: Port,
    _directory: TempDir,
}

impl EnvoyProxy {
    /// Starts it between callers and `upstream`, asking the door at port `door`; answers when it takes calls.
    ///
    /// # Errors
    /// When Envoy is not set up, refuses the file, or is not ready in time.
    pub async fn start(door: u16, upstream: u16) -> Result<Self> {
        Self::start_behind(0, door, upstream).await
    }

    /// The same behind so many proxies whose `x-forwarded-for` is to be believed.
    ///
    /// # Errors
    /// As [`EnvoyProxy::start`].
    pub async fn start_behind(trusted_hops: u32, door: u16, upstream: u16) -> Result<Self> {
        let hops = ("xff_num_trusted_hops: 0".to_owned(), format!("xff_num_trusted_hops: {trusted_hops}"));
        Self::start_with(hops, door, upstream).await
    }

    /// The same that shows the door one header more.
    ///
    /// # Errors
    /// As [`EnvoyProxy::start`].
    pub async fn start_passing(header: &str, door: u16, upstream: u16) -> Result<Self> {
        let last = "- { exact: user-agent, ignore_case: true }";
        let more = format!("{last}\n                - {{ exact: {header}, ignore_case: true }}");
        Self::start_with((last.to_owned(), more), door, upstream).await
    }

    async fn start_with(other: (String, String), door: u16, upstream: u16) -> Result<Self> {
        Self::start_on(BOOTSTRAP, |ingress, admin| {
            let ports = [(10_000, ingress), (19_000, admin), (18_080, upstream), (9_090, door)];
            let ports =
                ports.map(|(from, to)| (format!("port_value: {from} "), format!("port_value: {to} ")));
            ports.into_iter().chain([other]).collect()
        })
        .await
    }

    /// The same on the file for several doors, which Envoy waits for as long as it takes on a busy machine.
    ///
    /// # Errors
    /// As [`EnvoyProxy::start`].
    pub async fn start_before(doors: [u16; 2], upstream: u16) -> Result<Self> {
        Self::start_on(SEVERAL_NODES, |ingress, admin| {
            let here =
                |from: &str, port: u16| (from.to_owned(), format!("address: 127.0.0.1, port_value: {port}"));
            vec![
                here("address: 0.0.0.0, port_value: 10000", ingress),
                here("address: 127.0.0.1, port_value: 19000", admin),
                here("address: upstream, port_value: 8080", upstream),
                here("address: gateway-1, port_value: 9090", doors[0]),
                here("address: gateway-2, port_value: 9090", doors[1]),
                ("timeout: 0.25s".to_owned(), "timeout: 5s".to_owned()),
                ("max_interval: 0.25s".to_owned(), "max_interval: 5s".to_owned()),
            ]
        })
        .await
    }

    /// On a file of the repository, with what is replaced in it for these ports of ingress and admin.
    async fn start_on(
        file: &'static str,
        replaced: impl FnOnce(u16, u16) -> Vec<(String, String)>,
    ) -> Result<Self> {
        let directory = scratch()?;
        let (mut ingress, mut admin) = (Port::reserve()?, Port::reserve()?);
        let recommended = std::fs::read_to_string(repository_file(file)?).context("reading the bootstrap")?;
        let replaced = replaced(ingress.number(), admin.number());
        let bootstrap = directory.path().join("envoy.yaml");
        std::fs::write(&bootstrap, render(file, &recommended, &replaced)?)
            .context("writing the bootstrap")?;
        let mut command = command(&bootstrap)?;
        ingress.release();
        admin.release();
        let process = Process::start("envoy", &mut command, directory.path())?;
        let mut proxy = Self { process, ingress, admin, _directory: directory };
        proxy.wait_until_live().await?;
        Ok(proxy)
    }

    async fn wait_until_live(&mut self) -> Result<()> {
        let (process, url) = (&mut self.process, format!("http://{}/ready", self.admin.address()));
        let live = until("Envoy to be live", READY_AT_MOST, async || {
            if process.still_running().is_err() {
                return Ok(Some(false));
            }
            Ok((http::get(&url).await?.body.trim() == "LIVE").then_some(true))
        });
        let live = live.await.with_context(|| self.process.last_words())?;
        ensure!(live, "Envoy did not start\n{}", self.process.last_words());
        Ok(())
    }

    #[must_use]
    pub fn ingress_port(&self) -> u16 {
        self.ingress.number()
    }

    /// A URL at the ingress, for clients of a test's own, such as one that sends many calls.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.ingress.address())
    }

    /// Sends a call through Envoy, path and headers exactly as written.
    ///
    /// # Errors
    /// When there is no answer; any status is an answer.
    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        http::raw(self.ingress.address(), method, path, headers).await
    }

    /// Asks Envoy's admin interface, such as `/stats?filter=ext_authz` or `/clusters`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn admin(&self, path: &str) -> Result<Answer> {
        http::get(&format!("http://{}{path}", self.admin.address())).await
    }

    /// The access log's lines, once there are `at_least` so many: Envoy writes them after it has answered.
    ///
    /// # Errors
    /// When they do not come, or one is no JSON.
    pub async fn access_log(&self, at_least: usize) -> Result<Vec<Value>> {
        let text = until("lines in Envoy's access log", Duration::from_secs(10), async || {
            let text = self.process.stdout()?;
            Ok((text.ends_with('\n') && text.lines().count() >= at_least).then_some(text))
        });
        let text = text.await?;
        text.lines().map(|line| serde_json::from_str(line).with_context(|| format!("`{line}`"))).collect()
    }

    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }
}

fn command(bootstrap: &Path) -> Result<Command> {
    let mut command = Command::new(tool("TOLLGATE_TEST_ENVOY")?);
    command.arg("-c").arg(bootstrap);
    // No hot restart: it would need an id of its own among all Envoys of the machine. Logs are written at once, not
    // every ten seconds, since tests read them.
    command.args(["--disable-hot-restart", "--use-dynamic-base-id", "--concurrency", "1"]);
    command.args(["--log-level", "warning", "--file-flush-interval-msec", "20"]);
    Ok(command)
}

/// Each of what is replaced must be there once: else the test would start something that is not the file.
fn render(file: &str, recommended: &str, replacements: &[(String, String)]) -> Result<String> {
    for (from, _) in replacements {
        let times = recommended.matches(from).count();
        ensure!(times == 1, "{file} has `{from}` {times} times, not once");
    }
    // Line by line, so that a new port that equals a recommended one is not replaced again.
    let line = |line: &str| {
        let found = replacements.iter().find(|(from, _)| line.contains(from));
        found.map_or_else(|| line.to_owned(), |(from, to)| line.replace(from, to))
    };
    Ok(recommended.lines().map(|text| line(text) + "\n").collect())
}
