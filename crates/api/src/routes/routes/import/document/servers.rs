//! Where a document's operations are served: hosts, and the path that theirs begin with.

use std::collections::BTreeSet;

use domain::route::Host;
use serde_json::Value;

use super::Unfit;

/// Of one operation.
#[derive(Debug, Default)]
pub(super) struct Servers {
    /// Empty where no server has a host of its own.
    pub(super) hosts: BTreeSet<Host>,
    pub(super) base: String,
}

/// Those of the innermost that names any: the operation, its path, the document.
pub(super) fn of(from_within: [&Value; 3]) -> Result<Servers, Unfit> {
    let named = from_within.iter().find_map(|value| value.get("servers").and_then(Value::as_array));
    let mut all = Servers::default();
    for (at, server) in named.into_iter().flatten().enumerate() {
        let url = url(server).ok_or_else(|| Unfit::Server(server.to_string().chars().take(200).collect()))?;
        let unknown = || Unfit::Server(url.clone());
        let (authority, path) = match url.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path)),
            None => ("", url.trim_start_matches('/')),
        };
        let path = path.split(['?', '#']).next().unwrap_or_default().trim_matches('/');
        let base = if path.is_empty() { String::new() } else { format!("/{path}") };
        if !authority.is_empty() {
            let host = authority.rsplit('@').next().unwrap_or_default();
            let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
            all.hosts.insert(host.parse().map_err(|_| unknown())?);
        }
        if at > 0 && base != all.base {
            return Err(Unfit::BasePaths(all.base, base));
        }
        all.base = base;
    }
    Ok(all)
}

/// The address, its variables as they are by default.
fn url(server: &Value) -> Option<String> {
    let mut url = server.get("url")?.as_str()?.to_owned();
    let variables = server.get("variables").and_then(Value::as_object);
    for (name, variable) in variables.into_iter().flatten() {
        url = url.replace(&format!("{{{name}}}"), variable.get("default")?.as_str()?);
        if url.len() > 2_048 {
            return None;
        }
    }
    Some(url)
}
