//! A wire between two processes that a test can cut: what is sent through it arrives, until it does not.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Port;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Whole,
    Silent,
    Cut,
}

/// Forwards connections to a port of this machine. Ends when dropped.
#[derive(Debug)]
pub struct Wire {
    port: Port,
    state: Arc<watch::Sender<State>>,
    forwarding: JoinHandle<()>,
}

impl Wire {
    /// # Errors
    /// When there is no port for it.
    pub fn to(target: u16) -> Result<Self> {
        let mut port = Port::reserve()?;
        let listener = port.take_listener()?;
        listener.set_nonblocking(true).context("listening without blocking")?;
        let listener = TcpListener::from_std(listener).context("listening")?;
        let (state, _) = watch::channel(State::Whole);
        let state = Arc::new(state);
        #[expect(clippy::disallowed_methods, reason = "it is ended when the wire is dropped")]
        let forwarding = tokio::spawn(forward(listener, target, Arc::clone(&state)));
        Ok(Self { port, state, forwarding })
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Ends what is connected, and lets nothing through until healed.
    pub fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    /// Lets nothing through until healed, and says so to nobody: connections stay, what is sent waits.
    pub fn silence(&self) {
        self.state.send_replace(State::Silent);
    }

    pub fn heal(&self) {
        self.state.send_replace(State::Whole);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

async fn forward(listener: TcpListener, target: u16, state: Arc<watch::Sender<State>>) {
    while let Ok((near, _)) = listener.accept().await {
        let state = state.subscribe();
        if *state.borrow() == State::Cut {
            continue;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with either end of the connection, or the wire"
        )]
        drop(tokio::spawn(connect(near, target, state)));
    }
}

async fn connect(mut near: TcpStream, target: u16, mut state: watch::Receiver<State>) {
    let far = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], target))).await;
    let Ok(mut far) = far else { return };
    let mut copying = pin!(copy_bidirectional(&mut near, &mut far));
    loop {
        let now = *state.borrow_and_update();
        let changed = match now {
            State::Cut => return,
            State::Silent => state.changed().await,
            State::Whole => tokio::select! {
                _ = &mut copying => return,
                changed = state.changed() => changed,
            },
        };
        if changed.is_err() {
            return;
        }
    }
}
