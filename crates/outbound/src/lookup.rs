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
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::policy::{Policy, Refused};

/// Who knows the addresses of names.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of the name.
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Names that one client asks for at once: each takes a thread, for as long as whoever answers for the name likes, also when
/// nobody waits for it any more. More wait for their turn, within the time that their call has.
const LOOKUPS_MAX: usize = 64;

/// The resolver of the machine, as one client asks it: for each name once at a time, whose answer all have who wait for it then. So a
/// name that nobody answers for takes one turn, however many ask. Clones share their turns.
#[derive(Clone, Debug)]
pub struct SystemLookup(Arc<Turns>);

#[derive(Debug)]
struct Turns {
    room: Arc<Semaphore>,
    under_way: Mutex<HashMap<String, Waiting>>,
}

/// None until it is answered.
type Waiting = watch::Receiver<Option<Answer>>;
/// A failure as it can be given to many.
type Answer = Result<Vec<IpAddr>, String>;

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
        answer(Arc::clone(&self.0), name.to_owned(), ask).boxed()
    }
}

impl Turns {
    fn of(room: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(room)), under_way: Mutex::default() }
    }

    fn under_way(&self, name: &str) -> Option<Waiting> {
        self.under_way.lock().get(name).cloned()
    }

    /// Asks on a thread of its own, unless somebody has begun to by now. It keeps its place until it has its answer, wanted or not.
    fn ask(
        self: Arc<Self>,
        name: String,
        place: OwnedSemaphorePermit,
        ask: impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static,
    ) -> Waiting {
        let mut under_way = self.under_way.lock();
        if let Some(waiting) = under_way.get(&name) {
            return waiting.clone();
        }
        let (tell, waiting) = watch::channel(None);
        under_way.insert(name.clone(), waiting.clone());
        drop(under_way);
        let asking = Asking { turns: self, name, _place: place };
        drop(tokio::task::spawn_blocking(move || {
            let answer = ask().map_err(|failure| failure.to_string());
            // Whoever asks from now on asks anew: what was said a moment ago is remembered by the machine's own resolver, or by nobody.
            drop(asking);
            tell.send_replace(Some(answer));
        }));
        waiting
    }
}

/// A name that is asked for, until this is dropped.
struct Asking {
    turns: Arc<Turns>,
    name: String,
    _place: OwnedSemaphorePermit,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.turns.under_way.lock().remove(&self.name);
    }
}

async fn answer(
    turns: Arc<Turns>,
    name: String,
    ask: impl FnOnce() -> io::Result<Vec<IpAddr>> + Send + 'static,
) -> io::Result<Vec<IpAddr>> {
    let mut waiting = match turns.under_way(&name) {
        Some(waiting) => waiting,
        None => {
            let place = Arc::clone(&turns.room).acquire_owned().await.map_err(io::Error::other)?;
            turns.ask(name, place, ask)
        }
    };
    let answered = waiting.wait_for(Option::is_some).await.map_err(io::Error::other)?;
    answered.clone().unwrap_or_else(|| Err("nobody has answered".to_owned())).map_err(io::Error::other)
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

    fn address(last: u8) -> Vec<IpAddr> {
        vec![IpAddr::from([192, 0, 2, last])]
    }

    /// A question that nobody waits for any more, once it has begun; answered when told.
    async fn hanging(turns: &Arc<Turns>, name: &str) -> mpsc::Sender<()> {
        let (tell_it, told) = mpsc::channel::<()>();
        let (tell, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let hanging = answer(Arc::clone(turns), name.to_owned(), move || {
            tell.send(()).unwrap();
            told.recv().map_err(io::Error::other).map(|()| address(1))
        });
        let mut hanging = std::pin::pin!(hanging);
        tokio::select! {
            _ = &mut hanging => panic!("nobody has answered"),
            _ = begun.recv() => {}
        }
        tell_it
    }

    #[tokio::test]
    async fn who_is_not_waited_for_any_more_keeps_its_place_until_it_is_answered() {
        let turns = Arc::new(Turns::of(1));
        let tell_it = hanging(&turns, "a.example").await;
        assert_eq!(turns.room.available_permits(), 0, "its thread is still there");
        let mut next = std::pin::pin!(answer(Arc::clone(&turns), "b.example".to_owned(), || Ok(address(7))));
        assert!(next.as_mut().now_or_never().is_none());
        tell_it.send(()).unwrap();
        assert_eq!(next.await.unwrap(), address(7));
        assert!(turns.under_way("a.example").is_none());
    }

    #[tokio::test]
    async fn who_asks_for_the_same_name_waits_for_the_same_answer_and_takes_no_place() {
        let turns = Arc::new(Turns::of(2));
        let tell_it = hanging(&turns, "slow.example").await;
        let never = || -> io::Result<Vec<IpAddr>> { panic!("it is asked for already") };
        let mut waiting: Vec<_> =
            (0..20).map(|_| Box::pin(answer(Arc::clone(&turns), "slow.example".to_owned(), never))).collect();
        assert!(waiting.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
        let other = answer(Arc::clone(&turns), "other.example".to_owned(), || Ok(address(7)));
        assert_eq!(other.await.unwrap(), address(7));
        tell_it.send(()).unwrap();
        for one in waiting {
            assert_eq!(one.await.unwrap(), address(1));
        }
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_and_the_next_asks_anew() {
        let turns = Arc::new(Turns::of(1));
        let ask = |answered: io::Result<Vec<IpAddr>>| {
            answer(Arc::clone(&turns), "a.example".to_owned(), move || answered)
        };
        assert!(ask(Err(io::Error::other("no such name"))).await.is_err());
        assert_eq!(ask(Ok(address(7))).await.unwrap(), address(7));
    }

    #[tokio::test]
    async fn the_machine_knows_itself() {
        let found = SystemLookup::default().lookup("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty(), "{found:?}");
    }
}
