//! Reads a file line by line, each against the rules, in the memory of one line.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use super::{
    TransferFailure,
    line::{End, FORMAT, Header, Line, Moved},
    tally::Tally,
};
use crate::stored::StoredCommand;

/// No event is nearly as long; a file without line ends is not read into memory whole.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

pub(super) enum Item {
    Event(Moved),
    Command(StoredCommand),
    End(End),
}

pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    /// The line that was read last.
    line: Vec<u8>,
    tally: Tally,
}

impl Reader {
    /// None when not even the first line is whole.
    ///
    /// # Errors
    /// When it cannot be read or its first line is not one of ours.
    pub(super) fn begin(path: &Path, file: File) -> Result<Option<Self>, TransferFailure> {
        let mut file = BufReader::new(file);
        let mut line = vec![];
        if !read_line(path, &mut file, &mut line)? {
            return Ok(None);
        }
        let mut tally = Tally::new(header(path, &line)?);
        tally.take_bytes(&line);
        Ok(Some(Self { path: path.to_owned(), file, line, tally }))
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    pub(super) fn into_tally(self) -> Tally {
        self.tally
    }

    /// None when there is no further whole line.
    ///
    /// # Errors
    /// When it cannot be read, or the line is not one that may stand here.
    pub(super) fn next(&mut self) -> Result<Option<Item>, TransferFailure> {
        if !read_line(&self.path, &mut self.file, &mut self.line)? {
            return Ok(None);
        }
        match self.understand() {
            Ok(item) => Ok(Some(item)),
            Err(what) => Err(TransferFailure::Damaged {
                file: self.path.clone(),
                line: self.tally.lines().saturating_add(1),
                what,
            }),
        }
    }

    fn understand(&mut self) -> Result<Item, String> {
        let line: Line =
            serde_json::from_slice(&self.line).map_err(|error| format!("it cannot be read ({error})"))?;
        let item = match line {
            Line::TollgateLog(_) => return Err("a first line stands in the middle".to_owned()),
            Line::Event(event) => {
                let moved = Moved::from(event);
                self.tally.take_event(&moved)?;
                Item::Event(moved)
            }
            Line::Command(command) => {
                let command = StoredCommand::from(command);
                self.tally.take_command(&command)?;
                Item::Command(command)
            }
            Line::End(end) => {
                self.tally.check_events()?;
                if end != self.tally.end() {
                    return Err("the sums in the last line are not those of the lines before".to_owned());
                }
                if !self.file.fill_buf().map_err(|error| error.to_string())?.is_empty() {
                    return Err("something stands after the last line".to_owned());
                }
                Item::End(end)
            }
        };
        self.tally.take_bytes(&self.line);
        Ok(item)
    }
}

/// Whether there was a whole line.
fn read_line(path: &Path, file: &mut BufReader<File>, line: &mut Vec<u8>) -> Result<bool, TransferFailure> {
    line.clear();
    file.by_ref()
        .take(LINE_BYTES_MAX)
        .read_until(b'\n', line)
        .map_err(|source| TransferFailure::File { file: path.to_owned(), source })?;
    Ok(line.last() == Some(&b'\n'))
}

/// The version is looked at first: a newer format may have fields that we do not know.
fn header(path: &Path, line: &[u8]) -> Result<Header, TransferFailure> {
    let not_one = |what: String| TransferFailure::NotAnExport { file: path.to_owned(), what };
    let value: serde_json::Value = serde_json::from_slice(line)
        .map_err(|_| not_one("its first line is not that of an export".to_owned()))?;
    let format = value.pointer("/tollgate_log/format").and_then(serde_json::Value::as_u64);
    match format {
        Some(format) if format == u64::from(FORMAT) => {}
        Some(_) => {
            let version = value.pointer("/tollgate_log/tollgate").and_then(serde_json::Value::as_str);
            let version = version.unwrap_or("unknown").to_owned();
            return Err(TransferFailure::Newer { file: path.to_owned(), version });
        }
        None => return Err(not_one("its first line is not that of an export".to_owned())),
    }
    match serde_json::from_slice(line) {
        Ok(Line::TollgateLog(header)) => Ok(header),
        Ok(_) => Err(not_one("its first line is not that of an export".to_owned())),
        Err(error) => Err(not_one(format!("its first line cannot be read ({error})"))),
    }
}
