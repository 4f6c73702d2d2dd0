//! What was uploaded for operations that have not ended: files of this node, for nobody else to read.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::PathBuf,
};

use domain::OperationId;
use tokio::task::spawn_blocking;

/// A directory of uploads. Whoever restarts on it goes on with them.
#[derive(Clone, Debug)]
pub struct Uploads {
    dir: PathBuf,
}

impl Uploads {
    /// The directory is made with the first upload.
    #[must_use]
    pub fn in_dir(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Keeps an upload over a crash: it is on disk when this returns.
    ///
    /// # Errors
    /// When that is not certain.
    pub(crate) async fn keep(&self, id: OperationId, upload: Vec<u8>) -> io::Result<()> {
        let (dir, file) = (self.dir.clone(), self.file(id));
        blocking(move || {
            DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
            let mut kept = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
            kept.write_all(&upload)?;
            kept.sync_all()?;
            File::open(&dir)?.sync_all()
        })
        .await
    }

    /// None where it is not kept here, or not any more.
    pub(crate) async fn read(&self, id: OperationId) -> io::Result<Option<Vec<u8>>> {
        let file = self.file(id);
        blocking(move || match fs::read(file) {
            Ok(upload) => Ok(Some(upload)),
            Err(failure) if failure.kind() == ErrorKind::NotFound => Ok(None),
            Err(failure) => Err(failure),
        })
        .await
    }

    /// Safe to repeat.
    pub(crate) async fn forget(&self, id: OperationId) -> io::Result<()> {
        let file = self.file(id);
        blocking(move || match fs::remove_file(file) {
            Err(failure) if failure.kind() != ErrorKind::NotFound => Err(failure),
            Ok(()) | Err(_) => Ok(()),
        })
        .await
    }

    /// Whose uploads are here.
    pub(crate) async fn list(&self) -> io::Result<Vec<OperationId>> {
        let dir = self.dir.clone();
        blocking(move || {
            let entries = match fs::read_dir(dir) {
                Err(failure) if failure.kind() == ErrorKind::NotFound => return Ok(vec![]),
                entries => entries?,
            };
            let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
            let ids = names.map(|name| {
                name.map(|name| name.to_str().and_then(|name| name.strip_suffix(".jsonl")?.parse().ok()))
            });
            ids.filter_map(Result::transpose).collect()
        })
        .await
    }

    fn file(&self, id: OperationId) -> PathBuf {
        self.dir.join(format!("{id}.jsonl"))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn an_upload_is_private_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let uploads = Uploads::in_dir(dir.path().join("uploads"));
        let id = OperationId::from_parts(1, 1);
        assert_eq!((uploads.read(id).await.unwrap(), uploads.list().await.unwrap()), (None, vec![]));
        uploads.keep(id, b"rows".to_vec()).await.unwrap();
        assert_eq!(uploads.read(id).await.unwrap(), Some(b"rows".to_vec()));
        assert_eq!(uploads.list().await.unwrap(), [id]);
        let mode = fs::metadata(uploads.file(id)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(uploads.keep(id, vec![]).await.is_err(), "another upload is not written over it");
        for _ in 0..2 {
            uploads.forget(id).await.unwrap();
        }
        assert_eq!(uploads.list().await.unwrap(), []);
    }
}
