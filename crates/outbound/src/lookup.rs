//! Who is asked for the addresses of a name, and that nothing else is dialled than what was checked.

use std::{
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    sync::Arc,
};

use futures::{FutureExt, future::BoxFuture};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::policy::{Policy, Refused};

/// Who knows the addresses of names.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of the name.
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Names asked for at once by this process: each takes a thread, for as long as whoever answers for the name likes, also when
/// nobody waits for it any more. More wait for their turn, within the time that their call has.
const LOOKUPS_MAX: usize = 64;
static ROOM: Semaphore = Semaphore::const_new(LOOKUPS_MAX);

/// The resolver of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        let ask = move || {
            let found = (name.as_str(), 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        };
        in_turn(&ROOM, ask).boxed()
    }
}

/// Asks on a thread of its own, once there is room. It keeps its place until it has its answer, wanted or not.
async fn in_turn<T: Send + 'static>(
    room: &'static Semaphore,
    ask: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let place = room.acquire().await.map_err(io::Error::other)?;
    let asked = tokio::task::spawn_blocking(move || {
        let answer = ask();
        drop(place);
        answer
    });
    asked.await.map_err(io::Error::other)?
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn who_is_not_waited_for_any_more_keeps_its_place_until_it_is_answered() {
        let room: &'static Semaphore = Box::leak(Box::new(Semaphore::new(1)));
        let (answer, answered) = mpsc::channel::<()>();
        let (tell, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let hanging = in_turn(room, move || {
            tell.send(()).unwrap();
            answered.recv().map_err(io::Error::other)
        });
        {
            let mut hanging = std::pin::pin!(hanging);
            tokio::select! {
                _ = &mut hanging => panic!("nobody has answered"),
                _ = begun.recv() => {}
            }
        }
        assert_eq!(room.available_permits(), 0, "its thread is still there");
        let mut next = std::pin::pin!(in_turn(room, || Ok(7)));
        assert!(next.as_mut().now_or_never().is_none());
        answer.send(()).unwrap();
        assert_eq!(next.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn the_machine_knows_itself() {
        let found = SystemLookup.lookup("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty(), "{found:?}");
    }
}
