//! Writes the file: beside its name, and moved there when it is whole.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{File, OpenOptions, TryLockError},
    io::{BufWriter, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use domain::{Position, Timestamp};

use super::{
    COMMANDS_AT_ONCE, EVENTS_AT_ONCE, Progress, Stage, Summary, TransferFailure,
    line::{FORMAT, Header, Line, Moved},
    reader::{Item, Reader},
    tally::Tally,
};
use crate::{EventLog, StoredEvent, stored::StoredPersonal};

/// What the file says of where it is from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The version of the program.
    pub tollgate: String,
    /// For people: the place of the log, without a password.
    pub source: String,
    pub exported_at: Timestamp,
    /// Fingerprints of the secret files that belong to this log, as far as they are at hand:
    /// [`crate::installation::fingerprints`].
    pub secrets: BTreeMap<String, String>,
}

/// Writes the log as it stands now to a file, or goes on with `FILE.part` where an earlier export of the same log was cut
/// off; then up to where the log stood at that time. The log may be in use. Only this user can read the file: the names
/// and addresses of people are in it.
///
/// # Errors
/// When the file is there already, cannot be written, or was begun from another log; when the log cannot be read, or an
/// event in it was altered.
pub async fn export(
    log: &EventLog,
    file: &Path,
    origin: Origin,
    progress: Progress<'_>,
) -> Result<Summary, TransferFailure> {
    if file.exists() {
        return Err(TransferFailure::FileExists { file: file.to_owned() });
    }
    let part = part_of(file);
    let opened = open_part(&part)?;
    let (mut writer, ended) = match resume(&part, &opened, progress)? {
        Some((tally, ended)) => {
            check_same_log(log, &part, tally.header()).await?;
            (Writer::go_on(&part, opened, tally)?, ended)
        }
        None => (Writer::begin(&part, opened, header(log, origin).await?)?, false),
    };
    if !ended {
        write_events(log, &mut writer, progress).await?;
        write_commands(log, &mut writer).await?;
        writer.end()?;
    }
    let summary = writer.finish(file)?;
    Ok(summary)
}

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Ours alone: for other users by its mode, for other processes by a lock.
fn open_part(part: &Path) -> Result<File, TransferFailure> {
    let failed = |source| TransferFailure::File { file: part.to_owned(), source };
    let mut options = OpenOptions::new();
    let opened = options.create(true).truncate(false).read(true).write(true).mode(0o600).open(part);
    let opened = opened.map_err(failed)?;
    match opened.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(TransferFailure::FileTaken { file: part.to_owned() }),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    let mut permissions = opened.metadata().map_err(failed)?.permissions();
    permissions.set_mode(0o600);
    opened.set_permissions(permissions).map_err(failed)?;
    Ok(opened)
}

/// What an earlier export has written, and whether it has come to the end; none when there is nothing to go on with.
fn resume(
    part: &Path,
    opened: &File,
    progress: Progress<'_>,
) -> Result<Option<(Tally, bool)>, TransferFailure> {
    let failed = |source| TransferFailure::File { file: part.to_owned(), source };
    let total = opened.metadata().map_err(failed)?.len();
    let Some(mut reader) = Reader::begin(part, opened.try_clone().map_err(failed)?)? else {
        return Ok(None);
    };
    let mut ended = false;
    while let Some(item) = reader.next()? {
        ended = matches!(item, Item::End(_));
        if reader.tally().lines().is_multiple_of(1_000) {
            progress(Stage::Resuming, reader.tally().bytes(), total);
        }
    }
    Ok(Some((reader.into_tally(), ended)))
}

async fn check_same_log(log: &EventLog, part: &Path, header: &Header) -> Result<(), TransferFailure> {
    let size = Position::new(header.size);
    if log.head() < size || log.tree(size).await?.root() != header.root {
        return Err(TransferFailure::FileOfAnotherLog { file: part.to_owned() });
    }
    Ok(())
}

async fn header(log: &EventLog, origin: Origin) -> Result<Header, TransferFailure> {
    let size = log.head();
    Ok(Header {
        format: FORMAT,
        tollgate: origin.tollgate,
        source: origin.source,
        exported_at: origin.exported_at.to_string(),
        size: size.get(),
        root: log.tree(size).await?.root(),
        secrets: origin.secrets,
    })
}

async fn write_events(
    log: &EventLog,
    writer: &mut Writer,
    progress: Progress<'_>,
) -> Result<(), TransferFailure> {
    let size = writer.tally.header().size;
    while writer.tally.events() < size {
        let after = writer.tally.events();
        let left = usize::try_from(size.saturating_sub(after)).unwrap_or(EVENTS_AT_ONCE);
        let events = log.read_stored(Position::new(after), EVENTS_AT_ONCE.min(left)).await?;
        if events.is_empty() {
            let what = "it is missing".to_owned();
            return Err(TransferFailure::Altered { position: Position::new(after).next(), what });
        }
        for moved in with_personal(log, events).await? {
            writer.event(moved)?;
        }
        progress(Stage::Exporting, writer.tally.events(), size);
        // So that this can be abandoned between two batches, whatever the engine.
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn with_personal(log: &EventLog, events: Vec<StoredEvent>) -> Result<Vec<Moved>, TransferFailure> {
    let numbers = || events.iter().map(|event| event.event_no);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else { return Ok(vec![]) };
    let mut personal: HashMap<i64, Vec<StoredPersonal>> = HashMap::new();
    for row in log.stored_personal(first, last).await? {
        personal.entry(row.event_no).or_default().push(row);
    }
    let moved = events.into_iter().map(|event| {
        let personal = personal.remove(&event.event_no).unwrap_or_default();
        Moved { event, personal }
    });
    Ok(moved.collect())
}

async fn write_commands(log: &EventLog, writer: &mut Writer) -> Result<(), TransferFailure> {
    let size = Position::new(writer.tally.header().size);
    loop {
        let after = writer.tally.last_command().unwrap_or_default().to_owned();
        let commands = log.stored_commands(&after, size, COMMANDS_AT_ONCE).await?;
        if commands.is_empty() {
            return Ok(());
        }
        for command in commands {
            writer.tally.take_command(&command).map_err(|what| writer.cannot_be(what))?;
            writer.line(&Line::Command(command.into()))?;
        }
    }
}

struct Writer {
    part: PathBuf,
    out: BufWriter<File>,
    tally: Tally,
}

impl Writer {
    fn begin(part: &Path, opened: File, header: Header) -> Result<Self, TransferFailure> {
        let line = Line::TollgateLog(header.clone());
        let mut writer = Self::go_on(part, opened, Tally::new(header))?;
        writer.line(&line)?;
        Ok(writer)
    }

    /// After the last whole line: what stands behind it is half of one.
    fn go_on(part: &Path, mut opened: File, tally: Tally) -> Result<Self, TransferFailure> {
        let cut = opened.set_len(tally.bytes()).and_then(|()| opened.seek(SeekFrom::Start(tally.bytes())));
        cut.map_err(|source| TransferFailure::File { file: part.to_owned(), source })?;
        Ok(Self { part: part.to_owned(), out: BufWriter::new(opened), tally })
    }

    fn event(&mut self, moved: Moved) -> Result<(), TransferFailure> {
        let position = moved.event.position;
        self.tally.take_event(&moved).map_err(|what| TransferFailure::Altered { position, what })?;
        self.line(&Line::Event(moved.into()))
    }

    fn end(&mut self) -> Result<(), TransferFailure> {
        self.tally.check_events().map_err(|what| self.cannot_be(what))?;
        self.line(&Line::End(self.tally.end()))
    }

    fn line(&mut self, line: &Line) -> Result<(), TransferFailure> {
        let failed = |source| TransferFailure::File { file: self.part.clone(), source };
        let mut text = serde_json::to_vec(line).map_err(|source| failed(source.into()))?;
        text.push(b'\n');
        self.out.write_all(&text).map_err(failed)?;
        self.tally.take_bytes(&text);
        Ok(())
    }

    /// On the disk first, under its name then.
    fn finish(self, file: &Path) -> Result<Summary, TransferFailure> {
        let Self { part, out, tally } = self;
        let finish = || {
            out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
            std::fs::rename(&part, file)?;
            let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            File::open(dir)?.sync_all()
        };
        finish().map_err(|source| TransferFailure::File { file: file.to_owned(), source })?;
        Ok(tally.summary())
    }

    fn cannot_be(&self, what: String) -> TransferFailure {
        TransferFailure::NotTheSame { place: self.part.display().to_string(), what }
    }
}
