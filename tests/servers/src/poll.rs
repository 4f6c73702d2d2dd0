//! Waiting for something that another process does: often asked, never for ever.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often is asked: short enough not to be felt, long enough not to load what is waited for.
const EVERY: Duration = Duration::from_millis(20);

/// Asks until `ask` answers `Some`, at most for `at_most`. An `Err` of `ask` counts as *not yet* and is told at the end.
///
/// # Errors
/// When time is up; the error names `what` and the last error that `ask` met.
pub async fn until<T>(
    what: &str,
    at_most: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        let left = at_most.saturating_sub(started.elapsed());
        // The bound holds for the question too: one that hangs must not hang the test.
        let last = match tokio::time::timeout(left.max(EVERY), ask()).await {
            Ok(Ok(Some(found))) => return Ok(found),
            Ok(Ok(None)) => None,
            Ok(Err(failure)) => Some(failure),
            Err(_hung) => Some(anyhow::anyhow!("the last question got no answer")),
        };
        if started.elapsed() >= at_most {
            return match last {
                Some(failure) => Err(failure).with_context(|| format!("waited {at_most:?} for {what}")),
                None => bail!("waited {at_most:?} for {what}"),
            };
        }
        tokio::time::sleep(EVERY).await;
    }
}
