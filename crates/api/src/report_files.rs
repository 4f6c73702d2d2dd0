//! Reports that were written to files: files of this node, whole or not there, for nobody else to read.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::PathBuf,
};

use domain::{OperationId, operation::ExportFormat};
use sha2::{Digest as _, Sha256};
use tokio::task::spawn_blocking;

/// What the name of a file ends with that is not whole.
const HALF: &str = "half";
/// So much of a file is handed out at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A directory of reports. Whoever restarts on it has those that are whole.
#[derive(Clone, Debug)]
pub struct ReportFiles {
    dir: PathBuf,
}

/// A file that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) id: OperationId,
    pub(crate) bytes: u64,
}

impl ReportFiles {
    /// The directory is made with the first report.
    #[must_use]
    pub fn in_dir(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Begins a file, in the place of one that was begun before.
    pub(crate) async fn begin(&self, id: OperationId, format: ExportFormat) -> io::Result<Half> {
        let (dir, half) = (self.dir.clone(), self.dir.join(format!("{id}.{HALF}")));
        let whole = self.path(id, format);
        blocking(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
            let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone();
            let file = options.open(&half)?;
            Ok(Half { file, half, whole, dir, bytes: 0, sha256: Sha256::new() })
        })
        .await
    }

    /// None where it is not kept here, or not any more; with its length.
    pub(crate) async fn open(
        &self,
        id: OperationId,
        format: ExportFormat,
    ) -> io::Result<Option<(Reading, u64)>> {
        let path = self.path(id, format);
        blocking(move || match File::open(path) {
            Ok(file) => {
                let bytes = file.metadata()?.len();
                Ok(Some((Reading(file), bytes)))
            }
            Err(failure) if failure.kind() == ErrorKind::NotFound => Ok(None),
            Err(failure) => Err(failure),
        })
        .await
    }

    /// Those that are whole.
    pub(crate) async fn list(&self) -> io::Result<Vec<Kept>> {
        let named = self.named().await?;
        Ok(named.into_iter().filter(|(_, ending, _)| ending != HALF).map(|(kept, _, _)| kept).collect())
    }

    /// Removes what an earlier life of this process did not bring to its end.
    pub(crate) async fn forget_halves(&self) -> io::Result<()> {
        let halves = self.named().await?.into_iter().filter(|(_, ending, _)| ending == HALF);
        let paths: Vec<_> = halves.map(|(_, _, path)| path).collect();
        blocking(move || paths.iter().try_for_each(|path| removed(fs::remove_file(path)))).await
    }

    /// Safe to repeat.
    pub(crate) async fn forget(&self, id: OperationId) -> io::Result<()> {
        let paths = ExportFormat::ALL.map(|format| self.path(id, format));
        blocking(move || paths.iter().try_for_each(|path| removed(fs::remove_file(path)))).await
    }

    async fn named(&self) -> io::Result<Vec<(Kept, String, PathBuf)>> {
        let dir = self.dir.clone();
        blocking(move || {
            let entries = match fs::read_dir(dir) {
                Err(failure) if failure.kind() == ErrorKind::NotFound => return Ok(vec![]),
                entries => entries?,
            };
            let mut named = vec![];
            for entry in entries {
                let entry = entry?;
                let name = entry.file_name();
                let Some((id, ending)) = name.to_str().and_then(|name| name.rsplit_once('.')) else {
                    continue;
                };
                let Ok(id) = id.parse() else { continue };
                let bytes = entry.metadata()?.len();
                named.push((Kept { id, bytes }, ending.to_owned(), entry.path()));
            }
            Ok(named)
        })
        .await
    }

    fn path(&self, id: OperationId, format: ExportFormat) -> PathBuf {
        self.dir.join(format!("{id}.{}", format.as_str()))
    }
}

/// A file under way: under another name, so that nobody takes it for whole. Dropped, it is removed.
#[derive(Debug)]
pub(crate) struct Half {
    file: File,
    half: PathBuf,
    whole: PathBuf,
    dir: PathBuf,
    bytes: u64,
    sha256: Sha256,
}

impl Half {
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// On disk and under its name when this returns: its bytes, and their SHA-256 in hexadecimal.
    pub(crate) fn finish(self) -> io::Result<(u64, String)> {
        self.file.sync_all()?;
        fs::rename(&self.half, &self.whole)?;
        File::open(&self.dir)?.sync_all()?;
        Ok((self.bytes, hex::encode(self.sha256.clone().finalize())))
    }
}

impl Write for Half {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sha256.update(bytes.get(..written).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // Not there any more where the file is whole.
        if let Err(failure) = removed(fs::remove_file(&self.half)) {
            tracing::warn!(error = %failure, "Cannot remove the half of a report");
        }
    }
}

/// A file that is handed out.
#[derive(Debug)]
pub(crate) struct Reading(File);

impl Reading {
    /// The next bytes; none at the end.
    pub(crate) async fn next(mut self) -> io::Result<(Self, Vec<u8>)> {
        blocking(move || {
            let mut chunk = Vec::with_capacity(CHUNK_BYTES);
            let bytes = u64::try_from(CHUNK_BYTES).unwrap_or(u64::MAX);
            (&mut self.0).take(bytes).read_to_end(&mut chunk)?;
            Ok((self, chunk))
        })
        .await
    }
}

fn removed(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(failure) if failure.kind() != ErrorKind::NotFound => Err(failure),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Where files are waited for.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn a_report_is_private_and_not_there_until_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let files = ReportFiles::in_dir(dir.path().join("reports"));
        let id = OperationId::from_parts(1, 1);
        assert!(files.list().await.unwrap().is_empty());
        let mut half = files.begin(id, ExportFormat::Csv).await.unwrap();
        half.write_all(b"rows").unwrap();
        assert_eq!(half.bytes(), 4);
        assert!(files.list().await.unwrap().is_empty());
        assert!(files.open(id, ExportFormat::Csv).await.unwrap().is_none());
        let (bytes, hash) = half.finish().unwrap();
        assert_eq!((bytes, hash), (4, hex::encode(Sha256::digest(b"rows"))));
        assert_eq!(files.list().await.unwrap(), [Kept { id, bytes: 4 }]);
        let mode = fs::metadata(files.path(id, ExportFormat::Csv)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let (reading, bytes) = files.open(id, ExportFormat::Csv).await.unwrap().unwrap();
        let (reading, chunk) = reading.next().await.unwrap();
        assert_eq!((bytes, chunk.as_slice()), (4, b"rows".as_slice()));
        assert!(reading.next().await.unwrap().1.is_empty());
        for _ in 0..2 {
            files.forget(id).await.unwrap();
        }
        assert!(files.list().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_half_goes_with_its_maker_or_when_the_next_one_starts() {
        let dir = tempfile::tempdir().unwrap();
        let files = ReportFiles::in_dir(dir.path().to_owned());
        drop(files.begin(OperationId::from_parts(1, 1), ExportFormat::Csv).await.unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let killed = files.begin(OperationId::from_parts(1, 2), ExportFormat::Csv).await.unwrap();
        // What kills a process does not let it clean up.
        std::mem::forget(killed);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        files.forget_halves().await.unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
