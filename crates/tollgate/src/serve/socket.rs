//! The gateway's doors at a socket in the file system.

use std::{
    fs::Permissions,
    io::ErrorKind,
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use tokio::net::UnixListener;

/// Who owns it and their group may call.
const MODE: u32 = 0o660;

/// A socket that is taken away when nobody serves it any more.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) listener: UnixListener,
    pub(super) file: SocketFile,
}

#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Left over, it is replaced by the next start.
        if let Err(failure) = std::fs::remove_file(&self.0) {
            tracing::debug!(error = %failure, "Could not take the socket away");
        }
    }
}

impl Socket {
    /// One that a killed process has left over is replaced.
    ///
    /// # Errors
    /// When somebody listens there, when something else is there, or its directory cannot be written to.
    pub(super) fn listen(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        clear(path).with_context(|| format!("gateway_socket = {shown}"))?;
        let listener = UnixListener::bind(path).with_context(|| format!("cannot listen on {shown}"))?;
        let file = SocketFile(path.to_owned());
        let permissions = Permissions::from_mode(MODE);
        std::fs::set_permissions(path, permissions)
            .with_context(|| format!("cannot let the group call {shown}"))?;
        Ok(Self { listener, file })
    }
}

fn clear(path: &Path) -> anyhow::Result<()> {
    let there = match std::fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(failure) if failure.kind() == ErrorKind::NotFound => return Ok(()),
        Err(failure) => return Err(failure.into()),
    };
    ensure!(there.file_type().is_socket(), "there is something else at this path");
    ensure!(UnixStream::connect(path).is_err(), "another process listens there");
    std::fs::remove_file(path).context("the socket that was left over cannot be replaced")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_is_for_its_group_and_gone_with_who_served_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gateway.sock");
        let socket = Socket::listen(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        let taken = Socket::listen(&path).unwrap_err();
        assert!(format!("{taken:#}").ends_with("another process listens there"), "{taken:#}");
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_was_left_over_is_replaced_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gateway.sock");
        // Closed without being taken away, as by a kill.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        drop(Socket::listen(&path).unwrap());
        std::fs::write(&path, "of somebody else").unwrap();
        Socket::listen(&path).unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), b"of somebody else");
        Socket::listen(&directory.path().join("missing/gateway.sock")).unwrap_err();
    }
}
