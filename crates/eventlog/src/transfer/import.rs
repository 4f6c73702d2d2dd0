//! Reads a file twice: to check every line of it, and to write it.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use domain::{Position, personal::PersonalValues};

use super::{
    COMMANDS_AT_ONCE, Destination, EVENTS_AT_ONCE, Progress, Stage, Summary, TransferFailure,
    line::{Header, Moved},
    reader::{Item, Reader},
    target::{Rows, Target},
};
use crate::{merkle::Tree, stored::StoredCommand};

/// A file of which every line was checked. There is no other way to import one.
#[derive(Clone, Debug)]
pub struct Verified {
    file: PathBuf,
    summary: Summary,
    /// Of every byte but its last line, which has this in it.
    sha256: [u8; 32],
    header: Header,
}

impl Verified {
    /// Checks a file from its first byte to its last: that it is whole, that every event is what its leaf hash was made
    /// of and one that this program knows, that the root over them is the one the file is of.
    ///
    /// # Errors
    /// When any of this is not so.
    pub fn read(file: &Path, progress: Progress<'_>) -> Result<Self, TransferFailure> {
        let cut = || TransferFailure::Cut { file: file.to_owned() };
        let (mut reader, total) = open(file)?.ok_or_else(cut)?;
        loop {
            match reader.next()?.ok_or_else(cut)? {
                Item::Event(moved) => check_known(file, &reader, &moved)?,
                Item::Command(_) => {}
                Item::End(end) => {
                    progress(Stage::Verifying, total, total);
                    return Ok(Self {
                        file: file.to_owned(),
                        summary: reader.tally().summary(),
                        sha256: end.sha256,
                        header: reader.tally().header().clone(),
                    });
                }
            }
            if reader.tally().lines().is_multiple_of(1_000) {
                progress(Stage::Verifying, reader.tally().bytes(), total);
            }
        }
    }

    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Writes the file into an empty log, or goes on with one that an interrupted import of this very file has begun.
    /// Until it is done the log is opened by nobody else. Answers once the root computed from what the log has is the
    /// file's. A log that has all of it already is left as it is.
    ///
    /// # Errors
    /// When the log has something else in it or somebody works on it: then nothing was written. When it cannot be
    /// written: then the same import goes on where this one has stopped.
    pub async fn import(
        &self,
        destination: &Destination<'_>,
        progress: Progress<'_>,
    ) -> Result<(), TransferFailure> {
        let mut target = Target::open(destination).await?;
        let imported = self.import_into(&mut target, progress).await;
        target.close().await;
        imported
    }

    async fn import_into(&self, target: &mut Target, progress: Progress<'_>) -> Result<(), TransferFailure> {
        let Some(head) = self.head_to_go_on_from(target).await? else { return Ok(()) };
        let changed = || TransferFailure::Changed { file: self.file.clone() };
        let (mut reader, _) = open(&self.file)?.ok_or_else(changed)?;
        if *reader.tally().header() != self.header {
            return Err(changed());
        }
        let mut writing = Writing { target, head, events: vec![], commands: vec![] };
        loop {
            match reader.next()?.ok_or_else(changed)? {
                Item::Event(moved) => {
                    writing.events.push(moved);
                    if writing.events.len() == EVENTS_AT_ONCE {
                        writing.flush_events().await?;
                        progress(Stage::Importing, reader.tally().events(), self.summary.size);
                        // So that this can be abandoned between two batches, whatever the engine.
                        tokio::task::yield_now().await;
                    }
                }
                Item::Command(command) => {
                    writing.flush_events().await?;
                    writing.commands.push(command);
                    if writing.commands.len() == COMMANDS_AT_ONCE {
                        writing.flush_commands().await?;
                    }
                }
                Item::End(end) if end.sha256 == self.sha256 => break,
                Item::End(_) => return Err(changed()),
            }
        }
        writing.flush_events().await?;
        writing.flush_commands().await?;
        progress(Stage::Importing, self.summary.size, self.summary.size);
        self.check(target, progress).await?;
        target.finish().await
    }

    /// None when the log has all of it already.
    async fn head_to_go_on_from(&self, target: &mut Target) -> Result<Option<u64>, TransferFailure> {
        let place = target.place();
        let rows = target.rows().await?;
        match target.mark().await? {
            Some(digest) if digest == self.sha256 => Ok(Some(rows.placed)),
            Some(_) => Err(TransferFailure::AnotherImport { place }),
            None if rows.events == 0 && rows.commands == 0 => {
                target.begin(&self.sha256, &self.header.exported_at).await?;
                Ok(Some(0))
            }
            None if self.is_all_there(target, rows).await? => Ok(None),
            None => Err(TransferFailure::NotEmpty { place, events: rows.events }),
        }
    }

    async fn is_all_there(&self, target: &Target, rows: Rows) -> Result<bool, TransferFailure> {
        if (rows.events, rows.placed) != (self.summary.size, self.summary.size) {
            return Ok(false);
        }
        let tree = stored_tree(target, self.summary.size, &mut |_, _, _| ()).await?;
        Ok(tree.is_ok_and(|tree| tree.root() == self.summary.root))
    }

    /// What the log has now, against what the file has.
    async fn check(&self, target: &mut Target, progress: Progress<'_>) -> Result<(), TransferFailure> {
        let place = target.place();
        let not_the_same = |what: String| TransferFailure::NotTheSame { place: place.clone(), what };
        let Summary { size, root, personal_values, commands, .. } = self.summary;
        let expected = Rows { events: size, placed: size, personal_values, commands };
        let rows = target.rows().await?;
        if rows != expected {
            return Err(not_the_same(format!("it has {rows:?}, the file {expected:?}")));
        }
        let tree = stored_tree(target, size, progress).await?;
        let tree = tree.map_err(|altered| not_the_same(format!("the event at position {altered}")))?;
        if tree.root() != root {
            return Err(not_the_same("the root over its events".to_owned()));
        }
        Ok(())
    }
}

/// None when not even the first line is whole. With the number of its bytes.
fn open(file: &Path) -> Result<Option<(Reader, u64)>, TransferFailure> {
    let failed = |source| TransferFailure::File { file: file.to_owned(), source };
    let opened = File::open(file).map_err(failed)?;
    let total = opened.metadata().map_err(failed)?.len();
    Ok(Reader::begin(file, opened)?.map(|reader| (reader, total)))
}

/// A log with an event in it that nothing can read would stop every follower there.
fn check_known(file: &Path, reader: &Reader, moved: &Moved) -> Result<(), TransferFailure> {
    match moved.event.recorded(PersonalValues::new()) {
        Ok(_) => Ok(()),
        Err(source) => Err(TransferFailure::Unknown {
            file: file.to_owned(),
            version: reader.tally().header().tollgate.clone(),
            position: moved.event.position,
            source,
        }),
    }
}

/// The tree over the leaves computed from the stored texts, or the position where these are not what the stored leaf
/// hash was made of.
async fn stored_tree(
    target: &Target,
    size: u64,
    progress: Progress<'_>,
) -> Result<Result<Tree, Position>, TransferFailure> {
    let mut tree = Tree::default();
    while tree.size() < size {
        let after = Position::new(tree.size());
        let events = target.read_stored(after, EVENTS_AT_ONCE).await?;
        if events.is_empty() {
            return Ok(Err(after.next()));
        }
        for event in events {
            let position = Position::new(tree.size()).next();
            if event.position != position || event.audited_leaf() != event.leaf_hash {
                return Ok(Err(position));
            }
            tree.push(event.leaf_hash);
        }
        progress(Stage::Checking, tree.size(), size);
        tokio::task::yield_now().await;
    }
    Ok(Ok(tree))
}

/// Batches on their way into the log.
struct Writing<'a> {
    target: &'a mut Target,
    /// Up to here an earlier import has come.
    head: u64,
    events: Vec<Moved>,
    commands: Vec<StoredCommand>,
}

impl Writing<'_> {
    async fn flush_events(&mut self) -> Result<(), TransferFailure> {
        let mut events = std::mem::take(&mut self.events);
        let new = events.split_off(events.partition_point(|moved| moved.event.position.get() <= self.head));
        self.check_same(&events).await?;
        if !new.is_empty() {
            self.target.write_events(&new).await?;
        }
        Ok(())
    }

    /// What is there is what the file has there.
    async fn check_same(&self, events: &[Moved]) -> Result<(), TransferFailure> {
        let Some(first) = events.first() else { return Ok(()) };
        let after = Position::new(first.event.position.get().saturating_sub(1));
        let stored = self.target.read_stored(after, events.len()).await?;
        for (at, Moved { event, .. }) in events.iter().enumerate() {
            let same = stored.get(at).is_some_and(|stored| {
                stored.position == event.position
                    && stored.leaf_hash == event.leaf_hash
                    && stored.audited_leaf() == event.leaf_hash
            });
            if !same {
                let place = self.target.place();
                return Err(TransferFailure::Differs { place, position: event.position });
            }
        }
        Ok(())
    }

    async fn flush_commands(&mut self) -> Result<(), TransferFailure> {
        if !self.commands.is_empty() {
            self.target.write_commands(&self.commands).await?;
            self.commands.clear();
        }
        Ok(())
    }
}
