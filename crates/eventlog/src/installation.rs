//! The data directory of one installation: its lock, its secrets, its files.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions, TryLockError},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use domain::secret::Peppers;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::OpenFailure;

/// An open data directory. Held for as long as the process runs: a second process is refused.
#[derive(Debug)]
pub struct Installation {
    dir: PathBuf,
    /// None: in the directory itself.
    secrets: Option<PathBuf>,
    _lock: File,
}

/// Peppers are changed once in years.
const PEPPERS_MAX: u16 = 1_000;

const PEPPER: &str = "pepper.1.key";
pub(crate) const SIGNING_KEY: &str = "signing.key";
/// The one before it, for as long as both sign.
const PREVIOUS_SIGNING_KEY: &str = "signing.previous.key";

/// 32 random bytes that never leave the installation.
type Key = Zeroizing<[u8; 32]>;

impl Installation {
    /// Takes the directory for this process, creating it at first with access for this user only.
    ///
    /// # Errors
    /// When it cannot be used, or another process uses it.
    pub fn open(dir: &Path) -> Result<Self, OpenFailure> {
        let unusable = |source| OpenFailure::Directory { dir: dir.to_owned(), source };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(unusable)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(dir.join("lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir: dir.to_owned(), secrets: None, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenFailure::Locked { dir: dir.to_owned() }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// With secrets that several instances have in common: read from that directory, and never made here.
    #[must_use]
    pub fn sharing_secrets(mut self, dir: &Path) -> Self {
        self.secrets = Some(dir.to_owned());
        self
    }

    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    #[must_use]
    pub fn events_database(&self) -> PathBuf {
        self.dir.join("events.db")
    }

    #[must_use]
    pub fn usage_database(&self) -> PathBuf {
        self.dir.join("usage.db")
    }

    #[must_use]
    pub fn read_database(&self) -> PathBuf {
        self.dir.join("read.db")
    }

    #[must_use]
    pub fn outbox_database(&self) -> PathBuf {
        self.dir.join("outbox.db")
    }

    /// The peppers under which secrets are digested: `pepper.<version>.key`, the first made when there are no
    /// events yet.
    ///
    /// # Errors
    /// When a file is missing though there are events, is damaged, or is open to other users.
    pub fn peppers(&self) -> Result<Peppers, OpenFailure> {
        let mut keys = vec![(1, self.key(PEPPER)?)];
        for version in 2..=PEPPERS_MAX {
            let file = self.pepper_file(version);
            if file.exists() {
                keys.push((version, read_key(&file)?));
            }
        }
        Peppers::new(keys).map_err(|_| OpenFailure::SecretFileDamaged { file: self.pepper_file(1) })
    }

    /// Where the pepper of this version is kept.
    #[must_use]
    pub fn pepper_file(&self, version: u16) -> PathBuf {
        self.secrets_dir().join(format!("pepper.{version}.key"))
    }

    fn secrets_dir(&self) -> &Path {
        self.secrets.as_deref().unwrap_or(&self.dir)
    }

    /// Whether every pepper is here that a stored digest was made under.
    ///
    /// # Errors
    /// [`OpenFailure::SecretFileMissing`] names the first that is not.
    pub fn check_peppers(&self, peppers: &Peppers, needed: &[u16]) -> Result<(), OpenFailure> {
        match needed.iter().find(|version| !peppers.has(**version)) {
            Some(version) => Err(OpenFailure::SecretFileMissing {
                file: self.pepper_file(*version),
                database: self.events_database(),
            }),
            None => Ok(()),
        }
    }

    /// The seed of the key that signs checkpoints of the log: `signing.key`.
    ///
    /// # Errors
    /// As for [`Self::peppers`].
    pub fn signing_key(&self) -> Result<Key, OpenFailure> {
        self.key(SIGNING_KEY)
    }

    /// The seeds that sign checkpoints: the one in force, and while they overlap the one before it.
    ///
    /// # Errors
    /// As for [`Self::peppers`].
    pub fn signing_keys(&self) -> Result<Vec<Key>, OpenFailure> {
        let mut keys = vec![self.signing_key()?];
        let previous = self.secrets_dir().join(PREVIOUS_SIGNING_KEY);
        if previous.exists() {
            keys.push(read_key(&previous)?);
        }
        // A rotation that was cut off between its two files.
        keys.dedup();
        Ok(keys)
    }

    /// What is written in a file of this installation, none when there is no such file.
    ///
    /// # Errors
    /// When it cannot be read, or other users could.
    pub fn read(&self, name: &str) -> Result<Option<String>, OpenFailure> {
        let file = self.dir.join(name);
        match std::fs::read_to_string(&file) {
            Ok(text) => check_mode(&file).map(|()| Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(OpenFailure::SecretFile { file, source }),
        }
    }

    /// Writes a file that only this user can read, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<(), OpenFailure> {
        let file = self.dir.join(name);
        write_private(&file, text).map_err(|source| OpenFailure::SecretFile { file, source })
    }

    fn key(&self, name: &str) -> Result<Key, OpenFailure> {
        let file = self.secrets_dir().join(name);
        if file.exists() {
            return read_key(&file);
        }
        if self.secrets.is_some() {
            return Err(OpenFailure::SecretFileNotGiven { file });
        }
        let database = self.events_database();
        if database.exists() {
            // A new secret in the place of a lost one would look like health and refuse every caller.
            return Err(OpenFailure::SecretFileMissing { file, database });
        }
        make_key(&file)
    }
}

/// Makes the secrets that several instances are to have in common, and answers which files were made: none of those that
/// are there is touched.
///
/// # Errors
/// When the directory or a file cannot be made.
pub fn make_secrets(dir: &Path) -> Result<Vec<PathBuf>, OpenFailure> {
    let unusable = |source| OpenFailure::Directory { dir: dir.to_owned(), source };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(unusable)?;
    let mut made = vec![];
    for file in [PEPPER, SIGNING_KEY].map(|name| dir.join(name)) {
        if !file.exists() {
            drop(make_key(&file)?);
            made.push(file);
        }
    }
    Ok(made)
}

/// The peppers that lie in a directory, for somebody who is not a server: none is made.
///
/// # Errors
/// When there is none, or one is damaged or open to other users.
pub fn peppers_in(dir: &Path) -> Result<Peppers, OpenFailure> {
    let first = dir.join(PEPPER);
    let mut keys = vec![(1, read_key(&first)?)];
    for version in 2..=PEPPERS_MAX {
        let file = dir.join(format!("pepper.{version}.key"));
        if file.exists() {
            keys.push((version, read_key(&file)?));
        }
    }
    Peppers::new(keys).map_err(|_| OpenFailure::SecretFileDamaged { file: first })
}

/// Makes another signing key; the one in force goes on signing beside it until [`retire_signing`].
///
/// # Errors
/// [`OpenFailure::Overlapping`] while the one before still signs; when a file cannot be read or written.
pub fn rotate_signing(dir: &Path) -> Result<(), OpenFailure> {
    let (current, previous) = (dir.join(SIGNING_KEY), dir.join(PREVIOUS_SIGNING_KEY));
    let key = read_key(&current)?;
    if previous.exists() && *read_key(&previous)? != *key {
        return Err(OpenFailure::Overlapping { file: previous });
    }
    let text = Zeroizing::new(hex::encode(*key));
    write_private(&previous, &text)
        .map_err(|source| OpenFailure::SecretFile { file: previous.clone(), source })?;
    make_key(&current).map(drop)
}

/// Ends the overlap: the key before the one in force signs no more. Answers whether there was one.
///
/// # Errors
/// When its file cannot be removed.
pub fn retire_signing(dir: &Path) -> Result<bool, OpenFailure> {
    let file = dir.join(PREVIOUS_SIGNING_KEY);
    match std::fs::remove_file(&file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(OpenFailure::SecretFile { file, source }),
    }
}

fn make_key(file: &Path) -> Result<Key, OpenFailure> {
    let key: Key = Zeroizing::new(rand::random());
    let text = Zeroizing::new(hex::encode(*key));
    write_private(file, &text).map_err(|source| OpenFailure::SecretFile { file: file.to_owned(), source })?;
    Ok(key)
}

/// What tells the secret files of this directory from others without giving them away, by their names: the peppers and
/// the signing key, as far as they are there.
///
/// # Errors
/// When one of them is damaged, or open to other users.
pub fn fingerprints(dir: &Path) -> Result<BTreeMap<String, String>, OpenFailure> {
    let peppers = (1..=PEPPERS_MAX).map(|version| format!("pepper.{version}.key"));
    let mut found = BTreeMap::new();
    for name in peppers.chain(["signing.key".to_owned()]) {
        let file = dir.join(&name);
        if file.exists() {
            // 32 random bytes: nothing to guess from their hash.
            let hash = Sha256::new().chain_update(b"tollgate fingerprint").chain_update(*read_key(&file)?);
            found.insert(name, hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect());
        }
    }
    Ok(found)
}

fn read_key(file: &Path) -> Result<Key, OpenFailure> {
    check_mode(file)?;
    let text = std::fs::read_to_string(file)
        .map(Zeroizing::new)
        .map_err(|source| OpenFailure::SecretFile { file: file.to_owned(), source })?;
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), key.as_mut_slice())
        .map_err(|_| OpenFailure::SecretFileDamaged { file: file.to_owned() })?;
    Ok(key)
}

fn check_mode(file: &Path) -> Result<(), OpenFailure> {
    let metadata = std::fs::metadata(file)
        .map_err(|source| OpenFailure::SecretFile { file: file.to_owned(), source })?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(OpenFailure::SecretFileOpen { file: file.to_owned() });
    }
    Ok(())
}

/// Written beside its place, synced, then moved there: a crash leaves the old file or the new one.
fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let draft = file.with_extension("draft");
    let mut opened = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft)?;
    opened.write_all(text.as_bytes())?;
    opened.sync_all()?;
    std::fs::rename(&draft, file)?;
    match file.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}
