//! The snapshot in a file of the gateway's own: it starts from it when everything else is down.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use domain::Position;
use tokio::{
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{Gateway, GatewaySnapshot, SnapshotFailure};

/// A snapshot that says nothing new is saved again after this.
const AGED_AFTER: Duration = Duration::from_secs(60);

/// Puts a snapshot in place of the one before, whole or not at all. Only its owner may read it.
///
/// # Errors
/// When it is not certain that it is on disk.
pub fn save(path: &Path, snapshot: &GatewaySnapshot) -> Result<(), SnapshotFailure> {
    let beside = beside(path);
    let failed = |doing| move |source| SnapshotFailure::File { doing, source };
    let mut file = create(&beside).map_err(failed("making"))?;
    file.write_all(snapshot.as_bytes()).and_then(|()| file.sync_all()).map_err(failed("writing"))?;
    fs::rename(&beside, path).map_err(failed("putting in place"))?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    // The name is kept with the directory.
    File::open(directory.unwrap_or(Path::new("."))).and_then(|it| it.sync_all()).map_err(failed("keeping"))
}

/// The snapshot of a run before; None when there is none.
///
/// # Errors
/// When it cannot be read, is damaged, or is of another version. Who starts goes on without it then.
pub fn load(path: &Path) -> Result<Option<GatewaySnapshot>, SnapshotFailure> {
    match fs::read(path) {
        Ok(bytes) => GatewaySnapshot::from_bytes(bytes).map(Some),
        Err(failure) if failure.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SnapshotFailure::File { doing: "reading", source }),
    }
}

/// Saves every so often what is news, until stopped and once more then.
pub async fn keep(gateway: Arc<Gateway>, path: PathBuf, every: Duration, stop: CancellationToken) {
    let mut ticks = interval(every.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut kept = Kept { position: Position::START, at: None, failing: false };
    loop {
        let stopped = tokio::select! {
            biased;
            () = stop.cancelled() => true,
            _ = ticks.tick() => false,
        };
        kept.save(&gateway, &path, stopped).await;
        if stopped {
            return;
        }
    }
}

struct Kept {
    position: Position,
    at: Option<Instant>,
    failing: bool,
}

impl Kept {
    async fn save(&mut self, gateway: &Arc<Gateway>, path: &Path, last: bool) {
        let news = gateway.position() != self.position;
        // Without an event the file would say that it is older than it is, and the next start that it is stale.
        let aged = self.at.is_none_or(|at| at.elapsed() >= AGED_AFTER);
        if !gateway.ready() || !(news || aged || last) {
            return;
        }
        let (taken_of, to) = (Arc::clone(gateway), path.to_owned());
        let saved = spawn_blocking(move || match taken_of.snapshot() {
            Some(snapshot) => save(&to, &snapshot).map(|()| snapshot.position()),
            None => Ok(Position::START),
        });
        match saved.await {
            Ok(Ok(position)) => {
                if std::mem::take(&mut self.failing) {
                    info!("Keeping the gateway's snapshot again");
                }
                (self.position, self.at) = (position, Some(Instant::now()));
            }
            Ok(Err(failure)) => self.failed(&failure),
            Err(failure) => self.failed(&failure),
        }
    }

    fn failed(&mut self, failure: &(dyn std::error::Error + 'static)) {
        if !std::mem::replace(&mut self.failing, true) {
            warn!(error = failure, "Cannot keep the gateway's snapshot");
        }
        metrics::counter!("tollgate_gateway_snapshot_failures_total").increment(1);
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Anew, so that the rights of one that was left behind are not those of this.
fn create(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(failure) if failure.kind() != io::ErrorKind::NotFound => return Err(failure),
        Ok(()) | Err(_) => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
