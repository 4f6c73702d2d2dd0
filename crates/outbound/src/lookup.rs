//! Who is asked for the addresses of a name, and that nothing else is dialled than what was checked.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, ToSocketAddrs as _},
    sync::Arc,
};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use crate::policy::{Policy, Refused};

/// Who knows the addresses of names.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of the name.
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Names that one client asks for at once: each takes a thread, for as long as whoever answers for the name likes, also when
/// nobody waits for it any more. More wait for their turn, within the time that their call has.
const LOOKUPS_MAX: usize = 64;
/// Of them, for one name: whoever answers for it and does not should hold up no other.
const LOOKUPS_OF_NAME_MAX: usize = 2;

/// The resolver of the machine, as one client asks it. Clones share their turns.
#[derive(Clone, Debug)]
pub struct SystemLookup(Arc<Turns>);

#[derive(Debug)]
struct Turns {
    room: Arc<Semaphore>,
    /// Of the names that are asked for or waited with.
    names: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Default for SystemLookup {
    fn default() -> Self {
        Self(Arc::new(Turns::of(LOOKUPS_MAX)))
    }
}

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let host = name.to_owned();
        let ask = move || {
            let found = (host.as_str(), 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        };
        in_turn(self.0.of_name(name), ask).boxed()
    }
}

/// The turns of one name, remembered as long as somebody asks for it or waits.
struct OfName {
    turns: Arc<Turns>,
    name: String,
    room: Arc<Semaphore>,
}

impl Turns {
    fn of(room: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(room)), names: Mutex::default() }
    }

    fn of_name(self: &Arc<Self>, name: &str) -> OfName {
        let new = || Arc::new(Semaphore::new(LOOKUPS_OF_NAME_MAX));
        let room = Arc::clone(self.names.lock().entry(name.to_owned()).or_insert_with(new));
        OfName { turns: Arc::clone(self), name: name.to_owned(), room }
    }
}

impl Drop for OfName {
    fn drop(&mut self) {
        let mut names = self.turns.names.lock();
        // The other is the one that is remembered; more are only had under the lock.
        if Arc::strong_count(&self.room) <= 2 {
            names.remove(&self.name);
        }
    }
}

/// Asks on a thread of its own, once there is room. It keeps its place until it has its answer, wanted or not.
async fn in_turn<T: Send + 'static>(
    of_name: OfName,
    ask: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    // Who waits for others of its name takes no place from anybody else meanwhile.
    let turn = Arc::clone(&of_name.room).acquire_owned().await.map_err(io::Error::other)?;
    let place = Arc::clone(&of_name.turns.room).acquire_owned().await.map_err(io::Error::other)?;
    let asked = tokio::task::spawn_blocking(move || {
        let answer = ask();
        drop((place, turn, of_name));
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

    /// A question that nobody waits for any more, once it has begun; answered when told.
    async fn hanging(turns: &Arc<Turns>, name: &str) -> mpsc::Sender<()> {
        let (answer, answered) = mpsc::channel::<()>();
        let (tell, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let hanging = in_turn(turns.of_name(name), move || {
            tell.send(()).unwrap();
            answered.recv().map_err(io::Error::other)
        });
        let mut hanging = std::pin::pin!(hanging);
        tokio::select! {
            _ = &mut hanging => panic!("nobody has answered"),
            _ = begun.recv() => {}
        }
        answer
    }

    #[tokio::test]
    async fn who_is_not_waited_for_any_more_keeps_its_place_until_it_is_answered() {
        let turns = Arc::new(Turns::of(1));
        let answer = hanging(&turns, "a.example").await;
        assert_eq!(turns.room.available_permits(), 0, "its thread is still there");
        let mut next = std::pin::pin!(in_turn(turns.of_name("b.example"), || Ok(7)));
        assert!(next.as_mut().now_or_never().is_none());
        answer.send(()).unwrap();
        assert_eq!(next.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_name_that_nobody_answers_for_holds_up_no_other() {
        let turns = Arc::new(Turns::of(LOOKUPS_OF_NAME_MAX + 1));
        let mut answers = vec![];
        for _ in 0..LOOKUPS_OF_NAME_MAX {
            answers.push(hanging(&turns, "silent.example").await);
        }
        let mut next = Box::pin(in_turn(turns.of_name("silent.example"), || Ok(8)));
        assert!(next.as_mut().now_or_never().is_none());
        assert_eq!(in_turn(turns.of_name("other.example"), || Ok(7)).await.unwrap(), 7);
        drop(answers.pop());
        assert_eq!(next.await.unwrap(), 8, "it waited for its turn");
        assert_eq!(turns.names.lock().keys().collect::<Vec<_>>(), ["silent.example"]);
    }

    #[tokio::test]
    async fn the_machine_knows_itself() {
        let found = SystemLookup::default().lookup("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty(), "{found:?}");
    }
}
