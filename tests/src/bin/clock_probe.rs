//! Tells both clocks of its process whenever a line arrives: the proof that [`tollgate_tests::FakeClock`] moves the time
//! of day of a running process, and nothing else.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::io::BufRead as _;
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, Result};

fn main() -> Result<()> {
    let started = Instant::now();
    for line in std::io::stdin().lock().lines() {
        line.context("reading a line")?;
        #[expect(clippy::disallowed_methods, reason = "the clock itself is under test")]
        let now = SystemTime::now();
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).context("a clock before 1970")?;
        println!("{} {}", since_epoch.as_millis(), started.elapsed().as_millis());
    }
    Ok(())
}
