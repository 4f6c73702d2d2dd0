//! A wire between two processes that a test can cut: what is sent through it arrives, until it does not.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Port;

/// Forwards connections to a port of this machine. Ends when dropped.
#[derive(Debug)]
pub struct Wire {
    port: Port,
    whole: Arc<watch::Sender<bool>>,
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
        let (whole, _) = watch::channel(true);
        let whole = Arc::new(whole);
        #[expect(clippy::disallowed_methods, reason = "it is ended when the wire is dropped")]
        let forwarding = tokio::spawn(forward(listener, target, Arc::clone(&whole)));
        Ok(Self { port, whole, forwarding })
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Ends what is connected, and lets nothing through until healed.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub fn heal(&self) {
        self.whole.send_replace(true);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.forwarding.abort();
    }
}

async fn forward(listener: TcpListener, target: u16, whole: Arc<watch::Sender<bool>>) {
    while let Ok((near, _)) = listener.accept().await {
        let mut state = whole.subscribe();
        if !*state.borrow() {
            continue;
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "it ends with either end of the connection, or the wire"
        )]
        drop(tokio::spawn(async move {
            let mut near = near;
            let far = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], target))).await;
            let Ok(mut far) = far else { return };
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = state.wait_for(|whole| !*whole) => {}
            }
        }));
    }
}
