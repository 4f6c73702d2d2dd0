//! Whose counters are kept: those of the newest run of a node, while an older one still ends its calls.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use gateway::flush::{Flush, FlushSink, SinkFailure};
use gateway_node::UsageSink;
use tracing::warn;

/// Names the run that keeps counters in a directory.
const OWNER_FILE: &str = "owner";

/// Keeps flushes; counters only as long as no newer run has come.
pub(super) struct OwnCounters<S = UsageSink> {
    owner: PathBuf,
    boot: String,
    sink: S,
}

impl<S> OwnCounters<S> {
    /// From now on counters are this run's. What an older one kept before is there to be read.
    pub(super) fn take(directory: &Path, boot: &str, sink: S) -> Self {
        let owner = directory.join(OWNER_FILE);
        if let Err(failure) = write(&owner, boot) {
            warn!("Cannot take over the counters in {}: {failure}", directory.display());
        }
        Self { owner, boot: boot.to_owned(), sink }
    }

    /// In doubt they are kept: a run that finds no name is alone.
    fn are_ours(&self) -> bool {
        fs::read_to_string(&self.owner).map_or(true, |named| named == self.boot)
    }
}

/// Whole or not at all, since another process may be reading.
fn write(owner: &Path, boot: &str) -> io::Result<()> {
    let beside = owner.with_extension(boot);
    fs::write(&beside, boot)?;
    fs::rename(&beside, owner)
}

impl<S: FlushSink> FlushSink for OwnCounters<S> {
    async fn flush(&self, flush: &Flush) -> Result<(), SinkFailure> {
        if self.are_ours() {
            return self.sink.flush(flush).await;
        }
        self.sink.flush(&Flush { batch: flush.batch.clone(), counters: vec![] }).await
    }
}

#[cfg(test)]
mod tests {
    use gateway::CounterRow;
    use parking_lot::Mutex;

    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<usize>>);

    impl FlushSink for &Kept {
        async fn flush(&self, flush: &Flush) -> Result<(), SinkFailure> {
            self.0.lock().push(flush.counters.len());
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_newest_run_keeps_the_counters() {
        let directory = tempfile::tempdir().unwrap();
        let (old_kept, new_kept) = (Kept::default(), Kept::default());
        let counters = vec![CounterRow { key: "k".to_owned(), state: "s".to_owned() }];
        let flush = Flush { batch: None, counters };
        let old = OwnCounters::take(directory.path(), "old", &old_kept);
        old.flush(&flush).await.unwrap();
        let new = OwnCounters::take(directory.path(), "new", &new_kept);
        old.flush(&flush).await.unwrap();
        new.flush(&flush).await.unwrap();
        assert_eq!((old_kept.0.into_inner(), new_kept.0.into_inner()), (vec![1, 0], vec![1]));
    }
}
