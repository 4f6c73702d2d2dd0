//! Time is given, not slept: the time of day of a process under test, moved by the test.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::tool;

/// The time of day that processes started under it see: the machine's, plus an offset that may change at any moment.
///
/// Monotonic clocks stay real, so that timeouts and timers of the process keep working. See `xtask/src/faketime.rs` for
/// what it takes of libfaketime.
#[derive(Debug)]
pub struct FakeClock {
    library: PathBuf,
    offsets: PathBuf,
}

impl FakeClock {
    /// A clock at the machine's time, which keeps its state in `directory`.
    ///
    /// # Errors
    /// When libfaketime is not set up, or the file cannot be written.
    pub fn new(directory: &Path) -> Result<Self> {
        let clock =
            Self { library: tool("TOLLGATE_TEST_FAKETIME")?, offsets: directory.join("clock-offset") };
        clock.set_offset_seconds(0)?;
        Ok(clock)
    }

    /// Moves the clock for everything that runs under it: its next look at the time sees it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn set_offset_seconds(&self, seconds: i64) -> Result<()> {
        // Renamed into place: a process that looks in between reads the old offset or the new, never half of one.
        let new = self.offsets.with_extension("new");
        std::fs::write(&new, format!("{seconds:+}")).context("writing the clock's offset")?;
        std::fs::rename(&new, &self.offsets).context("moving the clock's offset into place")
    }

    /// Puts a process that is to be started under this clock.
    pub fn rule(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.offsets)
            // Without this the file is read every ten seconds only.
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            // The same, as libfaketime before 0.9.9 called it.
            .env("DONT_FAKE_MONOTONIC", "1");
    }
}

/// The machine's own time, which a product without a [`FakeClock`] goes by.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a test says when a key expires in the product's own time")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
