//! E-mail: how a letter gets to its reader, and when a team's morning digest is due.

mod compose;
mod digest;
mod session;
mod settings;
mod smtp;

use std::fmt;

use domain::{MessageId, Timestamp};

pub use self::{
    digest::{InvalidHour, Morning},
    settings::{MailTls, SmtpSettings, SmtpSettingsFailure},
    smtp::Smtp,
};
use crate::templates::Letter;

/// A letter with its envelope.
#[derive(Clone)]
pub struct Mail<'a> {
    /// What the letter is known by, at each attempt and to each of its readers.
    pub message_id: MessageId,
    pub to: &'a str,
    /// When it was written.
    pub at: Timestamp,
    pub letter: &'a Letter,
    /// Of digests: where the reader can have them stopped.
    pub unsubscribe: Option<&'a str>,
    pub attachment: Option<&'a Attachment>,
}

/// A file that comes with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Letters, digits, `-`, `_` and `.` alone.
    pub name: String,
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// Whom it is for is nobody's business.
impl fmt::Debug for Mail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

/// What became of one attempt. Texts are the server's words, without addresses and not longer than 1 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has taken it upon itself.
    Delivered,
    /// Not now. It may have arrived all the same, where the server took the letter and its answer was lost.
    Retry { code: Option<u16>, text: String },
    /// The server knows no such reader: the address is of no use.
    Refused { code: u16, text: String },
    /// The server would take no letter from us to anybody: an operator has to be told, and it is to be tried again.
    Misconfigured { code: Option<u16>, text: String },
}
