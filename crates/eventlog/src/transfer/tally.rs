//! What a file has in it so far, and the rules for what may come next: the same for who writes and who reads.

use std::collections::BTreeSet;

use domain::{Timestamp, personal::PersonalValue};
use sha2::{Digest, Sha256};

use super::{
    Summary, UNDER_WAY,
    line::{End, Header, Moved},
};
use crate::{
    StoredEvent,
    merkle::Tree,
    stored::{StoredCommand, StoredPersonal},
};

/// Grows line by line. A rule that is broken is told in half a sentence.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    header: Header,
    bytes: u64,
    lines: u64,
    digest: Sha256,
    tree: Tree,
    personal_values: u64,
    commands: u64,
    last_command: Option<String>,
    pepper_versions: BTreeSet<u16>,
}

impl Tally {
    pub(super) fn new(header: Header) -> Self {
        Self {
            header,
            bytes: 0,
            lines: 0,
            digest: Sha256::new(),
            tree: Tree::default(),
            personal_values: 0,
            commands: 0,
            last_command: None,
            pepper_versions: BTreeSet::new(),
        }
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// The number of events.
    pub(super) fn events(&self) -> u64 {
        self.tree.size()
    }

    pub(super) fn last_command(&self) -> Option<&str> {
        self.last_command.as_deref()
    }

    /// A whole line, with its end.
    pub(super) fn take_bytes(&mut self, line: &[u8]) {
        self.digest.update(line);
        self.bytes = self.bytes.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
        self.lines = self.lines.saturating_add(1);
    }

    pub(super) fn take_event(&mut self, moved: &Moved) -> Result<(), String> {
        let Moved { event, personal } = moved;
        let next = self.tree.size().saturating_add(1);
        if event.position.get() != next || next > self.header.size {
            return Err(format!("the event at position {next} should stand here"));
        }
        if self.commands > 0 {
            return Err("an event stands after a command".to_owned());
        }
        check_texts(event)?;
        if event.audited_leaf() != event.leaf_hash {
            return Err("its leaf hash is another".to_owned());
        }
        check_personal(event, personal)?;
        self.tree.push(event.leaf_hash);
        self.personal_values =
            self.personal_values.saturating_add(u64::try_from(personal.len()).unwrap_or(u64::MAX));
        self.pepper_versions.extend(pepper_version(event));
        Ok(())
    }

    pub(super) fn take_command(&mut self, command: &StoredCommand) -> Result<(), String> {
        self.check_events()?;
        if command.position.get() > self.header.size || command.command_key == UNDER_WAY {
            return Err("the command belongs to no event of this file".to_owned());
        }
        check_time(&command.recorded_at)?;
        self.commands = self.commands.saturating_add(1);
        self.last_command = Some(command.command_key.clone());
        Ok(())
    }

    /// Whether every event is there, and they are the ones that the first line is of.
    pub(super) fn check_events(&self) -> Result<(), String> {
        if self.tree.size() != self.header.size {
            return Err(format!("{} of {} events are there", self.tree.size(), self.header.size));
        }
        if self.tree.root() != self.header.root {
            return Err("the root over its events is not the one in its first line".to_owned());
        }
        Ok(())
    }

    /// The last line, if this were the end.
    pub(super) fn end(&self) -> End {
        End {
            events: self.tree.size(),
            personal_values: self.personal_values,
            commands: self.commands,
            root: self.tree.root(),
            sha256: self.digest.clone().finalize().into(),
        }
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            size: self.tree.size(),
            root: self.tree.root(),
            personal_values: self.personal_values,
            commands: self.commands,
            pepper_versions: self.pepper_versions.clone(),
            secrets: self.header.secrets.clone(),
        }
    }
}

/// The audited bytes are put together from these texts. Nothing in them may look like the seam between two, or two
/// different events would have one leaf hash.
fn check_texts(event: &StoredEvent) -> Result<(), String> {
    let plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:+-".contains(&byte))
    };
    let StoredEvent { aggregate_type, aggregate_id, event_id, event_type, event_version, .. } = event;
    if ![aggregate_type, aggregate_id, event_id, event_type].into_iter().all(|text| plain(text)) {
        return Err("a name in it has a character that no name has".to_owned());
    }
    if event_version.parse::<u32>().ok().map(|version| version.to_string()).as_ref() != Some(event_version) {
        return Err("its version is not a number".to_owned());
    }
    for text in [&event.payload, &event.metadata] {
        serde_json::from_str::<&serde_json::value::RawValue>(text)
            .map_err(|_| "its data are not JSON".to_owned())?;
    }
    check_time(&event.recorded_at)
}

/// Engines keep times to the microsecond and write them one way.
fn check_time(text: &str) -> Result<(), String> {
    let kept = text.parse::<Timestamp>().ok();
    let kept = kept.and_then(|time| Timestamp::from_microsecond(time.as_microsecond()).ok());
    match kept {
        Some(time) if time.to_string() == text => Ok(()),
        Some(_) | None => Err("its time is not one that every engine keeps".to_owned()),
    }
}

/// A value is the one that the event has committed to, or it is not the event's.
fn check_personal(event: &StoredEvent, personal: &[StoredPersonal]) -> Result<(), String> {
    let mut last = "";
    for row in personal {
        let commitment = PersonalValue::new(row.salt, &row.value).commitment().to_string();
        let committed = event.payload.contains(&row.commitment) || event.metadata.contains(&row.commitment);
        if commitment != row.commitment || !committed {
            return Err("a personal value is not the one that the event commits to".to_owned());
        }
        if row.commitment.as_str() <= last {
            return Err("a personal value stands twice or out of order".to_owned());
        }
        last = &row.commitment;
    }
    Ok(())
}

/// The pepper that the digest in a key's event was made under.
fn pepper_version(event: &StoredEvent) -> Option<u16> {
    if !matches!(event.event_type.as_str(), "api_key.issued" | "api_key.rotated") {
        return None;
    }
    let payload: serde_json::Value = serde_json::from_str(&event.payload).ok()?;
    let version = payload.pointer("/secret/digest/pepper_version")?.as_u64()?;
    u16::try_from(version).ok()
}
