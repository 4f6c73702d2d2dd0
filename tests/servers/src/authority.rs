//! A certificate authority of a test's own, made by the `openssl` program, and certificates for servers of this machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::scratch;

/// What a certificate is for: a server, by its address alone. It is not for the name `localhost`.
const FOR_A_SERVER: &str = "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n\
                            extendedKeyUsage = serverAuth\nsubjectAltName = IP:127.0.0.1\n";

static AUTHORITIES: AtomicU32 = AtomicU32::new(1);

/// An authority, with one certificate for servers on 127.0.0.1. Its files are removed when it is dropped.
#[derive(Debug)]
pub struct Authority {
    directory: TempDir,
}

impl Authority {
    /// # Errors
    /// When there is no `openssl`, or it refuses.
    pub fn new() -> Result<Self> {
        let authority = Self { directory: scratch()? };
        let (root, root_key) = (authority.root(), authority.file("ca.key"));
        let (request, purpose) = (authority.file("server.csr"), authority.file("server.ext"));
        let new_key =
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"].map(OsStr::new);
        // Each has a name of its own: an unknown one is not to be taken for one that has signed badly.
        let name = format!("/CN=Authority {} of a test", AUTHORITIES.fetch_add(1, Ordering::Relaxed));
        let mut of_itself = vec!["req".as_ref(), "-x509".as_ref(), "-days".as_ref(), "2".as_ref()];
        of_itself.extend(new_key);
        of_itself.extend([root_key.as_os_str(), "-subj".as_ref(), name.as_ref()]);
        of_itself.extend(["-out".as_ref(), root.as_os_str()]);
        openssl(&of_itself)?;

        let mut requested = vec!["req".as_ref()];
        requested.extend(new_key);
        let (key, certificate) = (authority.server_key(), authority.server_certificate());
        requested.extend([key.as_os_str(), "-subj".as_ref(), "/CN=A server of a test".as_ref()]);
        requested.extend(["-out".as_ref(), request.as_os_str()]);
        openssl(&requested)?;
        std::fs::write(&purpose, FOR_A_SERVER).context("writing what the certificate is for")?;
        let mut signed: Vec<&OsStr> =
            ["x509", "-req", "-days", "2", "-CAcreateserial", "-in"].map(OsStr::new).into();
        signed.extend([request.as_os_str(), "-CA".as_ref(), root.as_os_str()]);
        signed.extend(["-CAkey".as_ref(), root_key.as_os_str(), "-extfile".as_ref(), purpose.as_os_str()]);
        signed.extend(["-out".as_ref(), certificate.as_os_str()]);
        openssl(&signed)?;
        Ok(authority)
    }

    /// Its own certificate, which clients trust.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.file("ca.pem")
    }

    #[must_use]
    pub fn server_certificate(&self) -> PathBuf {
        self.file("server.pem")
    }

    #[must_use]
    pub fn server_key(&self) -> PathBuf {
        self.file("server.key")
    }

    fn file(&self, name: &str) -> PathBuf {
        let directory: &Path = self.directory.path();
        directory.join(name)
    }
}

fn openssl(arguments: &[&OsStr]) -> Result<()> {
    let ended = Command::new("openssl").args(arguments).output().context("starting openssl")?;
    ensure!(ended.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    Ok(())
}
