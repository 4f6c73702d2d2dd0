//! Who is asked for the addresses of a name, and that nothing else is dialled than what was checked.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures::{FutureExt, future::BoxFuture};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::policy::{Policy, Refused};

/// Who knows the addresses of names.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of the name.
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The resolver of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// What a client dials by: it asks once for each connection, checks all that it is told, and hands on exactly that. Whoever asked
/// before dialling, and let the dialler ask again, could be told something else the second time.
pub(crate) struct Checked {
    pub(crate) policy: Arc<Policy>,
    pub(crate) lookup: Arc<dyn Lookup>,
    pub(crate) port: u16,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, port) = (Arc::clone(&self.policy), self.port);
        let found = self.lookup.lookup(name.as_str());
        async move {
            let host = name.as_str();
            let addresses = found.await.map_err(|_| Refused::NameNotResolved { host: host.to_owned() })?;
            policy.check_addresses(host, port, &addresses)?;
            let dialled: Addrs =
                Box::new(addresses.into_iter().map(move |address| SocketAddr::new(address, port)));
            Ok(dialled)
        }
        .boxed()
    }
}
