//! A filter's configuration, once it is read.

use std::{sync::Arc, time::Duration};

use domain::{Environment, decision::Outcome};
use gateway_doors::{Door, Told, in_proxy::InProxy};
use serde::Deserialize;

pub(crate) use crate::settings::BeforeReady;
use crate::{
    ffi::calls::{CounterId, EnvoyConfig, Stream, is_validating},
    node::Node,
    settings::{Settings, read},
};

/// What all filters of one configuration share.
pub(crate) struct Config {
    node: Arc<Node>,
    door: InProxy,
    before_ready: BeforeReady,
    counters: Counters,
    #[cfg(debug_assertions)]
    panic_at: Option<String>,
}

impl Config {
    /// Reads a configuration, and starts its node where there is none yet.
    ///
    /// # Errors
    /// When it is not right, or what it names is not there.
    pub(crate) fn new(text: &[u8], envoy: &EnvoyConfig) -> anyhow::Result<Arc<Self>> {
        let settings = Settings::read(text)?;
        let node = if is_validating() { Node::idle(&settings.node)? } else { Node::of(&settings.node)? };
        let environment = settings.environment.unwrap_or_else(|| settings.node.environment.clone());
        let door = Door::new(node.gateway(), node.clock(), environment);
        let told = Told { identity: settings.identity_headers, rate_limit: settings.rate_limit_headers };
        let door = door.trusting_cost_headers(settings.trust_cost_headers).telling(told);
        let door = InProxy::new(Arc::new(door)).telling(settings.metadata);
        node.wait_until_settled(Duration::from_millis(settings.start_wait_ms.into()));
        let counters = Counters::define(envoy);
        Ok(Arc::new(Self {
            node,
            door,
            before_ready: settings.before_ready,
            counters,
            #[cfg(debug_assertions)]
            panic_at: settings.panic_at,
        }))
    }

    /// Panics where a debug build was told to.
    #[cfg(debug_assertions)]
    pub(crate) fn panic_at(&self, path: Option<&str>) {
        assert!(self.panic_at.is_none() || self.panic_at.as_deref() != path, "told to panic at this path");
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn door(&self) -> &InProxy {
        &self.door
    }

    pub(crate) fn before_ready(&self) -> BeforeReady {
        self.before_ready
    }

    pub(crate) fn count(&self, stream: &Stream, what: Counted) {
        if let Some(counter) = self.counters.of(what) {
            stream.count(counter);
        }
    }
}

/// What a route says in the place of its listener's filter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteConfig {
    environment: Option<Environment>,
}

impl RouteConfig {
    /// # Errors
    /// When it is not right.
    pub(crate) fn new(text: &[u8]) -> anyhow::Result<Self> {
        read(text)
    }

    pub(crate) fn environment(&self) -> Option<&Environment> {
        self.environment.as_ref()
    }
}

/// What is counted in Envoy's statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Decided(Outcome),
    /// Passed on or refused without a decision, as `before_ready` says.
    NotReady,
    /// Refused without a decision.
    Faulted,
    /// Refused because something broke off.
    Panicked,
}

/// Under `dynamicmodulescustom.tollgate_…`. One that Envoy would not take is not counted.
struct Counters {
    allowed: Option<CounterId>,
    unauthenticated: Option<CounterId>,
    forbidden: Option<CounterId>,
    rate_limited: Option<CounterId>,
    quota_exceeded: Option<CounterId>,
    not_ready: Option<CounterId>,
    faulted: Option<CounterId>,
    panicked: Option<CounterId>,
}

impl Counters {
    fn define(envoy: &EnvoyConfig) -> Self {
        let counter = |name: &str| envoy.define_counter(&format!("tollgate_{name}"));
        Self {
            allowed: counter("allowed"),
            unauthenticated: counter("unauthenticated"),
            forbidden: counter("forbidden"),
            rate_limited: counter("rate_limited"),
            quota_exceeded: counter("quota_exceeded"),
            not_ready: counter("not_ready"),
            faulted: counter("faulted"),
            panicked: counter("panicked"),
        }
    }

    fn of(&self, what: Counted) -> Option<CounterId> {
        match what {
            Counted::Decided(Outcome::Allowed) => self.allowed,
            Counted::Decided(Outcome::Unauthenticated) => self.unauthenticated,
            Counted::Decided(Outcome::Forbidden) => self.forbidden,
            Counted::Decided(Outcome::RateLimited) => self.rate_limited,
            Counted::Decided(Outcome::QuotaExceeded) => self.quota_exceeded,
            Counted::NotReady => self.not_ready,
            Counted::Faulted => self.faulted,
            Counted::Panicked => self.panicked,
        }
    }
}
