//! How a gateway is to behave where the log is silent.

use std::collections::BTreeMap;

use domain::Environment;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What an operator sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What to do with calls that no route matches; an environment not named here refuses them.
    pub unmatched: BTreeMap<Environment, Unmatched>,
    /// How long the feed may give no sign of life before decisions count as stale.
    pub stale_after: SignedDuration,
    pub on_stale: OnStale,
    /// Whether to keep from where genuine secrets are presented, and by which programs.
    pub sightings: bool,
    /// Names this instance in usage batches, stable over restarts.
    pub node: String,
    /// Names this run of it.
    pub boot: String,
}

/// What becomes of a call that no route matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    #[default]
    Refuse,
    /// Client-wide limits still apply.
    Allow,
}

/// What becomes of calls while the configuration is stale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnStale {
    /// Go on with the last state known.
    #[default]
    Serve,
    Refuse,
}
