//! Time is given: what the harness's clock does to a process under it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result};
use tollgate_tests::FakeClock;

const DAY: i64 = 86_400;
/// What a loaded machine may take between two looks at the clock.
const SLACK: i64 = 60;

/// A process under the clock that tells its time when asked.
struct Probe {
    child: Child,
    ask: Option<ChildStdin>,
    hear: BufReader<ChildStdout>,
}

impl Probe {
    fn start(clock: &FakeClock) -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clock_probe"));
        clock.rule(&mut command);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("starting the probe")?;
        let ask = child.stdin.take();
        let hear = BufReader::new(child.stdout.take().context("the probe's output")?);
        Ok(Self { child, ask, hear })
    }

    /// Seconds since 1970, and seconds since the probe's start on the monotonic clock.
    fn clocks(&mut self) -> Result<(i64, i64)> {
        self.ask.as_mut().context("the probe's input")?.write_all(b"\n").context("asking the probe")?;
        let mut line = String::new();
        self.hear.read_line(&mut line).context("hearing the probe")?;
        let (day, monotonic) =
            line.trim().split_once(' ').with_context(|| format!("the probe said `{line}`"))?;
        Ok((day.parse::<i64>()? / 1_000, monotonic.parse::<i64>()? / 1_000))
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // The end of its input ends the probe, so that libfaketime gets to remove its shared memory.
        drop(self.ask.take());
        drop(self.child.wait());
    }
}

#[test]
fn the_time_of_day_of_a_running_process_follows_the_clock_at_once() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let clock = FakeClock::new(directory.path())?;
    let mut probe = Probe::start(&clock)?;
    let (start, _) = probe.clocks()?;
    for offset in [90, DAY, 40 * DAY, -3_600, 0] {
        clock.set_offset_seconds(offset)?;
        let (day, monotonic) = probe.clocks()?;
        assert!((offset..offset + SLACK).contains(&(day - start)), "{offset:+} s gave {} s", day - start);
        assert!((0..SLACK).contains(&monotonic), "{offset:+} s moved the monotonic clock by {monotonic} s");
    }
    Ok(())
}
