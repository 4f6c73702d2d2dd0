//! Free ports that stay free until the process they are meant for binds them, and between its restarts.

use std::fs::{File, TryLockError};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Context as _, Result, bail};

/// Below the kernel's ephemeral range (32768 and up on Linux), so that no outgoing connection can take a port in the
/// moment between our letting go of it and the process's binding it, which `bind(0)` would invite.
const RANGE: std::ops::Range<u16> = 15_000..32_000;

/// A loopback port of our own for as long as this lives.
///
/// Two guards: a bound listener against everybody until [`Port::release`], and a lock on a file named after the port
/// against every other harness, also in other test processes, until drop.
#[derive(Debug)]
pub struct Port {
    number: u16,
    listener: Option<TcpListener>,
    _lock: File,
}

impl Port {
    /// # Errors
    /// When the whole range is taken, or the lock files cannot be made.
    pub fn reserve() -> Result<Self> {
        let directory = lock_directory()?;
        for _ in RANGE {
            let number = next_candidate();
            let path = directory.join(number.to_string());
            let lock = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(failure)) => return Err(failure).context("locking a port's file"),
            }
            if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, number)) {
                return Ok(Self { number, listener: Some(listener), _lock: lock });
            }
        }
        bail!("no port of {RANGE:?} is free")
    }

    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }

    /// Lets go of the listener, right before the process that binds the port is started. The lock stays.
    pub fn release(&mut self) {
        self.listener = None;
    }

    /// Hands over the bound listener, for a server in the test's own process.
    ///
    /// # Errors
    /// When it was released or taken before.
    pub fn take_listener(&mut self) -> Result<TcpListener> {
        self.listener.take().context("the port's listener is gone already")
    }
}

/// Each process begins elsewhere, so that test binaries side by side seldom try the same port.
fn next_candidate() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let width = u32::from(RANGE.end - RANGE.start);
    let begin = std::process::id().wrapping_mul(97);
    let offset = begin.wrapping_add(u32::from(TRIED.fetch_add(1, Ordering::Relaxed))) % width;
    RANGE.start + u16::try_from(offset).unwrap_or_default()
}

fn lock_directory() -> Result<PathBuf> {
    let directory = std::env::temp_dir().join("tollgate-test-ports");
    std::fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    Ok(directory)
}
