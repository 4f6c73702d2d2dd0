//! The real Envoy on the recommended bootstraps: the files under `deploy/` themselves, with nothing but ports and directories
//! replaced.

mod limiting;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use test_servers::{Port, Process, until};

use crate::http::{self, Answer};
use crate::{repository_file, scratch, tool};

const BOOTSTRAP: &str = "deploy/envoy/tollgate-ext-authz.yaml";
const MODULE: &str = "deploy/envoy/tollgate-module.yaml";
/// What the filter inside Envoy is built as.
const MODULE_FILE: &str = "libtollgate_envoy.so";
const SEVERAL_NODES: &str = "deploy/envoy/tollgate-several-nodes.yaml";
/// Replaced in the bootstrap, it has Envoy read its listener from a file that can be changed while it runs.
pub const LISTENER_APART: (&str, &str) = ("static_resources:", "static_resources: # its listener apart");
const LISTENER_FILE: &str = "listener.yaml";
const BOOTSTRAP_FILE: &str = "envoy.yaml";
const READY_AT_MOST: Duration = Duration::from_secs(30);
const STOP_AT_MOST: Duration = Duration::from_secs(20);

/// What the filter inside Envoy is told of its node.
#[derive(Clone, Debug)]
pub struct ModuleNode {
    pub name: String,
    pub control_plane: String,
    pub token: String,
    /// Where the installation's peppers lie.
    pub secrets: PathBuf,
    /// None where everything goes by the control plane.
    pub nats_url: Option<String>,
}

/// A running Envoy. Ended when dropped.
#[derive(Debug)]
pub struct EnvoyProxy {
    process: Process,
    ingress: Port,
    admin: Port,
    variables: Vec<(&'static str, OsString)>,
    directory: TempDir,
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

    /// The same, asking the door at a Unix socket.
    ///
    /// # Errors
    /// As [`EnvoyProxy::start`].
    pub async fn start_at_socket(socket: &Path, upstream: u16) -> Result<Self> {
        let door = "socket_address: { address: 127.0.0.1, port_value: 9090 }".to_owned();
        Self::start_on(BOOTSTRAP, |ingress, admin| {
            let ports = [(10_000, ingress), (19_000, admin), (18_080, upstream)];
            let ports =
                ports.map(|(from, to)| (format!("port_value: {from} "), format!("port_value: {to} ")));
            ports.into_iter().chain([(door, format!("pipe: {{ path: {} }}", socket.display()))]).collect()
        })
        .await
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

    /// Starts it with the filter inside, on the file for that, with what else is replaced in it; answers when it takes calls.
    ///
    /// # Errors
    /// As [`EnvoyProxy::start`], and when the filter has not been built.
    pub async fn start_with_module(
        node: &ModuleNode,
        upstream: u16,
        others: &[(&str, &str)],
    ) -> Result<Self> {
        let directory = scratch()?;
        let state = directory.path().join("state");
        let mut replaced: Vec<_> = [
            ("port_value: 18080 ", format!("port_value: {upstream} ")),
            ("name: edge-1", format!("name: {}", node.name)),
            ("state_dir: /var/lib/tollgate-envoy", format!("state_dir: {}", state.display())),
            ("secrets_dir: /etc/tollgate/secrets", format!("secrets_dir: {}", node.secrets.display())),
            ("url: http://127.0.0.1:8080", format!("url: {}", node.control_plane)),
            // A busy machine is slow, and no reason to refuse a call.
            ("start_wait_ms: 2000", "start_wait_ms: 30000".to_owned()),
        ]
        .map(|(from, to)| (from.to_owned(), to))
        .into();
        if let Some(url) = &node.nats_url {
            let commented = "# nats: { urls: [nats://127.0.0.1:4222], replicas: 3 }".to_owned();
            replaced.push((commented, format!("nats: {{ urls: [{url}] }}")));
        }
        replaced.retain(|(from, _)| others.iter().all(|(other, _)| other != from));
        replaced.extend(others.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())));
        let variables = vec![
            ("ENVOY_DYNAMIC_MODULES_SEARCH_PATH", module_directory()?.into_os_string()),
            ("TOLLGATE_GATEWAY_TOKEN", node.token.clone().into()),
        ];
        Self::start_in(directory, MODULE, variables, |ingress, admin| {
            let ports = [(10_000, ingress), (19_000, admin)];
            let ports =
                ports.map(|(from, to)| (format!("port_value: {from} "), format!("port_value: {to} ")));
            replaced.into_iter().chain(ports).collect()
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
        Self::start_in(scratch()?, file, vec![], replaced).await
    }

    async fn start_in(
        directory: TempDir,
        file: &'static str,
        variables: Vec<(&'static str, OsString)>,
        replaced: impl FnOnce(u16, u16) -> Vec<(String, String)>,
    ) -> Result<Self> {
        let (mut ingress, mut admin) = (Port::reserve()?, Port::reserve()?);
        let recommended = std::fs::read_to_string(repository_file(file)?).context("reading the bootstrap")?;
        let replaced = replaced(ingress.number(), admin.number());
        let bootstrap = directory.path().join(BOOTSTRAP_FILE);
        let mut rendered = render(file, &recommended, &replaced)?;
        if rendered.contains(LISTENER_APART.1) {
            rendered = take_listener_apart(&rendered, directory.path())?;
        }
        std::fs::write(&bootstrap, rendered).context("writing the bootstrap")?;
        ingress.release();
        admin.release();
        let process = spawn(directory.path(), &variables)?;
        let mut proxy = Self { process, ingress, admin, variables, directory };
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

    /// Has Envoy take its listener anew, with what is replaced in it, as a control plane of Envoy's would; answers when the new one
    /// serves. Only of an Envoy that was started with its listener in a file of its own, by [`LISTENER_APART`].
    ///
    /// # Errors
    /// When Envoy does not take it in time.
    pub async fn update_listener(&self, (from, to): (&str, &str)) -> Result<()> {
        let file = self.directory.path().join(LISTENER_FILE);
        let listener = std::fs::read_to_string(&file).context("reading the listener")?;
        ensure!(listener.matches(from).count() == 1, "the listener has not `{from}` once");
        write_moved(&file, &listener.replace(from, to))?;
        until("Envoy to take its listener anew", READY_AT_MOST, async || {
            let counted = self.admin("/stats?filter=listener_manager.listener_modified").await?.body;
            Ok((counted.trim() == "listener_manager.listener_modified: 1").then_some(()))
        })
        .await
    }

    /// Asks it to end and waits for that. What the filter inside has counted is kept by then.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        self.process.terminate(STOP_AT_MOST).await
    }

    /// Starts it again with the same bootstrap, ports and directories.
    ///
    /// # Errors
    /// As [`EnvoyProxy::start`].
    pub async fn restart(&mut self) -> Result<()> {
        if self.process.still_running().is_ok() {
            self.process.kill_9()?;
        }
        self.process = spawn(self.directory.path(), &self.variables)?;
        self.wait_until_live().await
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

/// Where the filter lies that cargo built beside this test's executable, or `TOLLGATE_TEST_MODULE`.
fn module_directory() -> Result<PathBuf> {
    if let Some(directory) = std::env::var_os("TOLLGATE_TEST_MODULE") {
        return Ok(directory.into());
    }
    let test = std::env::current_exe().context("finding this test's executable")?;
    let mut beside = test.ancestors().skip(1).take(2);
    match beside.find(|directory| directory.join(MODULE_FILE).is_file()) {
        Some(directory) => Ok(directory.to_owned()),
        None => bail!(
            "there is no {MODULE_FILE} beside {}: run `cargo build -p tollgate-envoy-filter`",
            test.display()
        ),
    }
}

fn spawn(directory: &Path, variables: &[(&'static str, OsString)]) -> Result<Process> {
    let mut command = command(&directory.join(BOOTSTRAP_FILE))?;
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    Process::start("envoy", &mut command, directory)
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

/// Moves the listener of a bootstrap into a file that Envoy watches.
fn take_listener_apart(bootstrap: &str, directory: &Path) -> Result<String> {
    let (before, rest) = bootstrap.split_once("  listeners:\n").context("the bootstrap has listeners")?;
    let (listeners, clusters) = rest.split_once("\n  clusters:\n").context("and clusters behind them")?;
    let apart: Vec<_> = listeners.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    let apart = apart.join("\n").replacen(
        "- name: ingress\n",
        "- \"@type\": type.googleapis.com/envoy.config.listener.v3.Listener\n  name: ingress\n",
        1,
    );
    let file = directory.join(LISTENER_FILE);
    write_moved(&file, &format!("resources:\n{apart}\n"))?;
    let watched = format!(
        "dynamic_resources: {{ lds_config: {{ path_config_source: {{ path: {} }} }} }}\n",
        file.display()
    );
    let (head, statics) =
        before.split_once("static_resources:").context("the bootstrap has static resources")?;
    Ok(format!("{head}{watched}static_resources:{statics}  clusters:\n{clusters}"))
}

/// Envoy notices a file that is moved into place, and never sees half of one.
fn write_moved(file: &Path, text: &str) -> Result<()> {
    let beside = file.with_extension("partial");
    std::fs::write(&beside, text).context("writing a listener")?;
    std::fs::rename(&beside, file).context("putting a listener in place")
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
