//! What a witness keeps: its key, what it has seen last, and what it was alarmed by.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use eventlog::{installation::Installation, note::Note};
use zeroize::Zeroizing;

const KEY: &str = "witness.key";
const LAST: &str = "checkpoint";
const ALARM: &str = "alarm";

/// A directory that this process alone uses.
pub(super) struct State {
    dir: PathBuf,
    held: Installation,
}

impl State {
    pub(super) fn open(dir: &Path) -> anyhow::Result<Self> {
        Ok(Self { dir: dir.to_owned(), held: Installation::open(dir)? })
    }

    /// The seed of the witness' key, made at its first start.
    pub(super) fn key(&self) -> anyhow::Result<Zeroizing<[u8; 32]>> {
        let mut seed = Zeroizing::new([0; 32]);
        if let Some(text) = self.held.read(KEY)? {
            let text = Zeroizing::new(text);
            let read = hex::decode_to_slice(text.trim(), seed.as_mut_slice());
            read.with_context(|| format!("{} is not 64 hexadecimal digits", self.dir.join(KEY).display()))?;
            return Ok(seed);
        }
        // Whoever lost the key is another witness, and has seen nothing yet.
        ensure!(
            self.last()?.is_none(),
            "{} is missing though a checkpoint was seen: restore it, or begin with an empty directory",
            self.dir.join(KEY).display()
        );
        *seed = rand::random();
        self.held.write(KEY, &Zeroizing::new(hex::encode(*seed)))?;
        Ok(seed)
    }

    /// The checkpoint that was signed last; none before the first.
    pub(super) fn last(&self) -> anyhow::Result<Option<Note>> {
        let Some(text) = self.held.read(LAST)? else { return Ok(None) };
        let note = text.parse();
        note.map(Some).with_context(|| format!("{} is no signed note", self.dir.join(LAST).display()))
    }

    /// On the disk, whole, before anybody is shown it.
    pub(super) fn keep(&self, cosigned: &Note) -> anyhow::Result<()> {
        Ok(self.held.write(LAST, &cosigned.to_string())?)
    }

    pub(super) fn check_not_alarmed(&self) -> anyhow::Result<()> {
        let file = self.dir.join(ALARM);
        if file.exists() {
            let why = "this witness was alarmed before";
            return Err(super::Alarm { why, file: file.display().to_string() }.into());
        }
        Ok(())
    }

    /// Keeps what contradicts itself; answers where. Whoever reads it needs both notes, and nothing else of us.
    pub(super) fn alarm(&self, seen: &Note, found: &Note) -> String {
        let file = self.dir.join(ALARM);
        let text = format!("seen before:\n\n{seen}\nfound now:\n\n{found}");
        let written = std::fs::File::create(&file).and_then(|mut opened| {
            opened.write_all(text.as_bytes())?;
            opened.sync_all()
        });
        if let Err(error) = written {
            eprintln!("The alarm could not be written to {}: {error}\n{text}", file.display());
        }
        file.display().to_string()
    }
}
