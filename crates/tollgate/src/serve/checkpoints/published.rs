//! Checkpoints in files beside the database: what a restored database cannot know.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use eventlog::{checkpoint::SignedCheckpoint, note::Note};
use serde_json::json;

/// The newest checkpoint, replaced whole; and all of them, one JSON object a line.
const NEWEST: &str = "checkpoint";
const HISTORY: &str = "history.jsonl";

/// A directory of published checkpoints.
#[derive(Debug)]
pub(crate) struct Published {
    dir: PathBuf,
}

impl Published {
    /// Makes the directory if there is none.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        let made = DirBuilder::new().recursive(true).mode(0o755).create(dir);
        made.with_context(|| format!("cannot use the directory of checkpoints {}", dir.display()))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// The newest checkpoint; none before the first.
    ///
    /// # Errors
    /// When the file cannot be read or is no signed note: then nobody knows what was signed last.
    pub(crate) fn newest(&self) -> anyhow::Result<Option<Note>> {
        let file = self.dir.join(NEWEST);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        let note = text.parse().with_context(|| {
            format!(
                "{} is no signed checkpoint: restore it, or move it away once it is known why",
                file.display()
            )
        })?;
        Ok(Some(note))
    }

    /// Writes a checkpoint: to the history first, so that what is the newest is also there.
    pub(crate) fn write(&self, checkpoint: &SignedCheckpoint) -> anyhow::Result<()> {
        let write = || {
            let mut history = OpenOptions::new().create(true).append(true).open(self.dir.join(HISTORY))?;
            let line = json!({
                "signed_at": checkpoint.signed_at.to_string(),
                "size": checkpoint.size.get(),
                "note": checkpoint.note.to_string(),
            });
            history.write_all(format!("{line}\n").as_bytes())?;
            history.sync_data()?;
            let draft = self.dir.join("checkpoint.draft");
            let mut file = File::create(&draft)?;
            file.write_all(checkpoint.note.to_string().as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&draft, self.dir.join(NEWEST))?;
            File::open(&self.dir)?.sync_all()
        };
        write().with_context(|| format!("cannot publish a checkpoint in {}", self.dir.display()))
    }
}
