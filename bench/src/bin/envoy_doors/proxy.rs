//! An Envoy that answers calls itself, behind one filter or none.

use std::{
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use test_servers::Port;
use tollgate_bench::proxied;

use crate::load::CpuTime;

const LIVE_WITHIN: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What judges calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    None,
    /// The module as it is recommended: of a decision the metadata has what the access log prints.
    Module,
    /// The module that tells all that it can.
    AllTold,
    /// The module that tells an upstream and a caller of today what they need: who calls, and the two fields of the draft.
    Lean,
    /// The module that decides, takes the secret away and tells nobody anything.
    Bare,
    /// As recommended, with two workers.
    TwoWorkers,
    /// No filter, with two workers.
    NoneTwoWorkers,
    /// Another build of the module.
    Before,
    ExtAuthz,
}

impl Filter {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Module => "module",
            Self::AllTold => "all-metadata",
            Self::Lean => "lean",
            Self::Bare => "bare",
            Self::TwoWorkers => "module-2",
            Self::NoneTwoWorkers => "none-2",
            Self::Before => "before",
            Self::ExtAuthz => "ext_authz",
        }
    }

    fn workers(self) -> &'static str {
        match self {
            Self::TwoWorkers | Self::NoneTwoWorkers => "2",
            _ => "1",
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Module | Self::TwoWorkers => "metadata: [decision_id]",
            Self::Lean => {
                "metadata: []
                  identity_headers: [client_id]
                  rate_limit_headers: [ratelimit]"
            }
            Self::Bare => {
                "metadata: []
                  identity_headers: []
                  rate_limit_headers: []"
            }
            _ => "",
        }
    }

    /// Where the module keeps its snapshot; none where there is no module.
    pub(crate) fn state_dir(self, place: &Place<'_>) -> PathBuf {
        place.directory.join("state").join(self.as_str())
    }

    fn config(self, place: &Place<'_>, control_plane: u16) -> String {
        let directory = place.directory.display();
        match self {
            Self::None | Self::NoneTwoWorkers => String::new(),
            Self::Module | Self::AllTold | Self::Lean | Self::Bare | Self::TwoWorkers | Self::Before => {
                format!(
                    r#"
          - name: tollgate
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter
              dynamic_module_config: {{ name: tollgate_envoy, do_not_close: true }}
              filter_name: tollgate
              filter_config:
                "@type": type.googleapis.com/google.protobuf.Struct
                value:
                  start_wait_ms: 60000
                  {}
                  node:
                    name: bench
                    environment: prod
                    state_dir: {}
                    secrets_dir: {directory}/secrets
                    control_plane: {{ url: "http://127.0.0.1:{control_plane}", token_env: TOLLGATE_GATEWAY_TOKEN }}
                    stale_after_seconds: 86400"#,
                    self.told(),
                    self.state_dir(place).display(),
                )
            }
            Self::ExtAuthz => r#"
          - name: envoy.filters.http.ext_authz
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
              transport_api_version: V3
              failure_mode_allow: false
              status_on_error: { code: ServiceUnavailable }
              grpc_service: { envoy_grpc: { cluster_name: tollgate }, timeout: 5s }
              allowed_headers:
                patterns:
                - { exact: x-api-key, ignore_case: true }
                - { exact: authorization, ignore_case: true }
                - { exact: x-request-id, ignore_case: true }
                - { exact: x-envoy-external-address, ignore_case: true }
                - { exact: user-agent, ignore_case: true }"#
                .to_owned(),
        }
    }
}

/// Where things are on this machine.
pub(crate) struct Place<'a> {
    pub(crate) envoy: &'a Path,
    /// The directory of the module.
    pub(crate) module: &'a Path,
    /// That of another build of it.
    pub(crate) before: Option<&'a Path>,
    pub(crate) directory: &'a Path,
}

/// Ports of those that an Envoy asks.
#[derive(Clone, Copy)]
pub(crate) struct Peers {
    pub(crate) door: u16,
    pub(crate) control_plane: u16,
}

/// A running Envoy. Ended when dropped.
pub(crate) struct Proxy {
    child: Child,
    pub(crate) ingress: SocketAddr,
    _ports: [Port; 2],
}

impl Proxy {
    pub(crate) fn start(filter: Filter, place: &Place<'_>, peers: Peers) -> Result<Self> {
        let Place { envoy, module, before, directory } = place;
        let (mut ingress, mut admin) = (Port::reserve()?, Port::reserve()?);
        let config = bootstrap(
            &filter.config(place, peers.control_plane),
            ingress.number(),
            admin.number(),
            peers.door,
        );
        let file: PathBuf = directory.join(format!("{}.yaml", filter.as_str()));
        std::fs::write(&file, config).context("writing a bootstrap")?;
        ingress.release();
        admin.release();
        let searched = if filter == Filter::Before { before.unwrap_or(module) } else { module };
        let child = Command::new(envoy)
            .arg("-c")
            .arg(&file)
            .args([
                "--disable-hot-restart",
                "--use-dynamic-base-id",
                "--concurrency",
                filter.workers(),
                "--log-level",
                "error",
            ])
            .env("ENVOY_DYNAMIC_MODULES_SEARCH_PATH", searched)
            .env("TOLLGATE_GATEWAY_TOKEN", "nobody-is-asked")
            .stdin(Stdio::null())
            .spawn()
            .context("starting Envoy")?;
        let mut proxy = Self { child, ingress: ingress.address(), _ports: [ingress, admin] };
        proxy.wait_until_it_listens()?;
        Ok(proxy)
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(self.ingress).is_err() {
            ensure!(self.child.try_wait()?.is_none(), "Envoy ended");
            ensure!(begun.elapsed() < LIVE_WITHIN, "Envoy does not listen");
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// What its worker and its other threads have spent on a processor so far.
    pub(crate) fn cpu_time(&self) -> Result<CpuTime> {
        let mut all = CpuTime::default();
        for (name, spent) in proxied::spent(self.child.id())? {
            let side = if name.starts_with("wrk:") { &mut all.worker } else { &mut all.others };
            *side += spent;
        }
        Ok(all)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It is ended or was already: nobody is left to be told.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn bootstrap(filter: &str, ingress: u16, admin: u16, door: u16) -> String {
    format!(
        r#"admin: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {admin} }} }} }}
static_resources:
  listeners:
  - name: ingress
    address: {{ socket_address: {{ address: 127.0.0.1, port_value: {ingress} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          normalize_path: true
          use_remote_address: true
          internal_address_config: {{ cidr_ranges: [{{ address_prefix: 192.0.2.0, prefix_len: 32 }}] }}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {{ prefix: "/" }}
                direct_response: {{ status: 200, body: {{ inline_string: "hello" }} }}
          http_filters:{filter}
          - name: envoy.filters.http.router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:
  - name: tollgate
    type: STATIC
    connect_timeout: 1s
    load_assignment:
      cluster_name: tollgate
      endpoints:
      - lb_endpoints:
        - endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {door} }} }} }}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{ http2_protocol_options: {{}} }}
"#
    )
}
