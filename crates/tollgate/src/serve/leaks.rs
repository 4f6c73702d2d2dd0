//! The receivers of leaked secrets, as they are set: whose keys sign reports, and who knows the secrets.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use api::{FetchedKeys, FindHolder, GithubKeys, KeysFailure, SharedSecret};
use domain::{KeyId, explain::Claim};
use gateway::Gateway;
use reqwest::Client;

use super::gateway_node::Node;
use crate::settings::{LeakPolicy, Leaks};

const ANSWER_AT_MOST: Duration = Duration::from_secs(10);
/// GitHub has a handful of keys.
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;

/// The gateway's index, which finds secrets of every kind.
struct Index(Arc<Gateway>);

impl FindHolder for Index {
    fn holder(&self, secret: &str) -> Option<(KeyId, u32)> {
        match self.0.identify(Some(secret)) {
            Claim::Proven { key_id, secret_version } => Some((key_id, secret_version)),
            Claim::Refused(_) | Claim::Key(_) | Claim::Client(_) => None,
        }
    }
}

pub(super) fn receivers(settings: &Leaks, node: &Node) -> anyhow::Result<api::Leaks> {
    let Leaks { policy, calls_per_minute, github_keys, github_keys_url, secret } = settings;
    let holders: Option<Box<dyn FindHolder>> = Some(Box::new(Index(Arc::clone(&node.gateway))));
    let github = match (github_keys, github_keys_url) {
        (Some(file), _) => {
            let document = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read GitHub's public keys in {}", file.display()))?;
            Some(GithubKeys::fixed(&document)?)
        }
        (None, Some(url)) => Some(GithubKeys::fetched(fetch(url)?)),
        (None, None) => None,
    };
    let shared = secret.clone().map(SharedSecret::new).transpose()?;
    let policies = policy.iter().map(|(environment, policy)| {
        let policy = match policy {
            LeakPolicy::Revoke => api::LeakPolicy::Revoke,
            LeakPolicy::Quarantine => api::LeakPolicy::Quarantine,
        };
        (environment.clone(), policy)
    });
    let (policies, calls_per_minute) = (policies.collect(), *calls_per_minute);
    Ok(api::Leaks { holders, github, shared, policies, calls_per_minute, ..api::Leaks::closed() })
}

fn fetch(url: &str) -> anyhow::Result<FetchedKeys> {
    let client = Client::builder()
        .timeout(ANSWER_AT_MOST)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("cannot speak HTTP")?;
    let url = url.to_owned();
    Ok(Box::new(move || {
        let request = client.get(&url).header("user-agent", "tollgate");
        Box::pin(async move {
            let failed = |source: reqwest::Error| KeysFailure::Fetch { source: source.into() };
            let answer =
                request.send().await.and_then(reqwest::Response::error_for_status).map_err(failed)?;
            let document = answer.text().await.map_err(failed)?;
            if document.len() > DOCUMENT_BYTES_MAX {
                return Err(KeysFailure::Unreadable { what: "the document is too long".to_owned() });
            }
            Ok(document)
        })
    }))
}
