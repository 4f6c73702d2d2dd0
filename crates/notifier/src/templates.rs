//! What letters look like: a text and an HTML template for each notice, for the digest and for a test.
//!
//! They are in the binary. An operator's folder may hold others of the same names; what is wrong with one of them is told
//! at start, and a letter that one of them still fails to write is written by ours.

mod own;
mod plain;
mod words;

use std::path::{Path, PathBuf};

use domain::{Name, NoticeName, Timestamp};
use jiff::tz::TimeZone;
use minijinja::{Environment, ErrorKind, Value, context, value::Serde};
use tracing::warn;

pub(crate) use self::plain::shown;
use self::plain::{one_line, wrapped};
pub use self::words::PublicUrl;
use crate::notice::{Notice, Severity};

/// Longer ones are cut: some mail programs show no more, and some servers refuse far longer lines.
const TITLE_CHARS_MAX: usize = 150;
/// Notices beyond it are only counted in a digest.
const DIGEST_NOTICES_MAX: usize = 100;

/// A letter without its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line of visible characters.
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// What a letter needs to know beside what it tells.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// Where the console is: every link begins with it.
    pub public_url: &'a PublicUrl,
    /// Times are shown in it.
    pub zone: &'a TimeZone,
    /// The name of the rule that this is told by.
    pub rule: Option<&'a str>,
    /// Where the reader can have digests stopped.
    pub unsubscribe: Option<&'a str>,
}

/// What is told together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    pub team: Option<Name>,
    pub since: Timestamp,
    pub until: Timestamp,
    /// Each with the time it was made at; sorted by the letter.
    pub notices: Vec<(Timestamp, Notice)>,
    /// How many more there were, which are not among them.
    pub untold: u64,
}

/// Why there is no letter.
#[derive(Debug, thiserror::Error)]
pub enum TemplateFailure {
    #[error("reading the templates in {}", folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("reading the template {}", file.display())]
    Read {
        file: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} is the template of nothing: there are {}", file.display(), known.join(", "))]
    Unknown { file: PathBuf, known: Vec<String> },
    #[error("line {line} of the template {name}: {what}")]
    Wrong { name: String, line: usize, what: String },
}

impl From<minijinja::Error> for TemplateFailure {
    fn from(error: minijinja::Error) -> Self {
        let innermost = innermost(&error);
        Self::Wrong {
            name: innermost.name().unwrap_or("?").to_owned(),
            line: innermost.line().unwrap_or(1),
            what: innermost.detail().map_or_else(|| innermost.kind().to_string(), str::to_owned),
        }
    }
}

/// Where it went wrong, rather than in which template that one was used.
fn innermost(error: &minijinja::Error) -> &minijinja::Error {
    let mut at = error;
    while let Some(deeper) = std::error::Error::source(at).and_then(|source| source.downcast_ref()) {
        at = deeper;
    }
    at
}

/// Ours, and an operator's that come before them.
#[derive(Debug)]
pub struct Templates {
    ours: Environment<'static>,
    theirs: Option<Environment<'static>>,
}

impl Templates {
    /// Every template is tried with every sample before this answers.
    ///
    /// # Errors
    /// When the folder cannot be read, or something in it is not a template that can be used.
    pub fn new(folder: Option<&Path>) -> Result<Self, TemplateFailure> {
        let ours = own::environment(&[])?;
        let Some(folder) = folder else { return Ok(Self { ours, theirs: None }) };
        let theirs = own::environment(&own::in_folder(folder)?)?;
        own::try_all(&theirs, &ours)?;
        Ok(Self { ours, theirs: Some(theirs) })
    }

    /// A letter that tells one notice.
    ///
    /// # Errors
    /// Never for a notice whose sample could be told, as far as tests go.
    pub fn notice(&self, notice: &Notice, setting: &Setting<'_>) -> Result<Letter, TemplateFailure> {
        self.write(notice.name().as_str(), |env| letter_of(env, notice, setting))
    }

    /// A letter that tells many, the most urgent first.
    ///
    /// # Errors
    /// As [`Templates::notice`].
    pub fn digest(&self, digest: &Digest, setting: &Setting<'_>) -> Result<Letter, TemplateFailure> {
        self.write("digest", |env| digest_of(env, &self.ours, digest, setting))
    }

    /// A letter that tells nothing, to see whether it arrives.
    ///
    /// # Errors
    /// As [`Templates::notice`].
    pub fn test(&self, setting: &Setting<'_>) -> Result<Letter, TemplateFailure> {
        self.write("test", |env| test_of(env, setting))
    }

    fn write(
        &self,
        name: &str,
        write: impl Fn(&Environment<'static>) -> Result<Letter, TemplateFailure>,
    ) -> Result<Letter, TemplateFailure> {
        match self.theirs.as_ref().map(&write) {
            Some(Ok(letter)) => Ok(letter),
            Some(Err(failure)) => {
                warn!(template.name = name, "Ours is used, since {failure}");
                write(&self.ours)
            }
            None => write(&self.ours),
        }
    }
}

/// What every template sees.
fn seen(title: &str, severity: Severity, setting: &Setting<'_>) -> Value {
    let Setting { public_url, zone, rule, unsubscribe } = setting;
    context! {
        title => title, severity => severity.as_str(), public_url => Value::from_safe_string(public_url.to_string()),
        zone => zone.iana_name().unwrap_or("UTC"), rule => rule, unsubscribe => unsubscribe,
    }
}

fn letter_of(
    env: &Environment<'static>,
    notice: &Notice,
    setting: &Setting<'_>,
) -> Result<Letter, TemplateFailure> {
    let subject = one_line(&notice.title(), TITLE_CHARS_MAX);
    let seen = context! { n => Serde(notice), ..seen(&subject, notice.severity(), setting) };
    both(env, notice.name().as_str(), subject, &seen)
}

fn test_of(env: &Environment<'static>, setting: &Setting<'_>) -> Result<Letter, TemplateFailure> {
    let subject = "A test of letters from Tollgate".to_owned();
    let seen = context! { n => context! {}, ..seen(&subject, Severity::Info, setting) };
    both(env, "test", subject, &seen)
}

fn both(
    env: &Environment<'static>,
    name: &str,
    subject: String,
    seen: &Value,
) -> Result<Letter, TemplateFailure> {
    let text = env.get_template(&format!("{name}.txt"))?.render(seen.clone())?;
    let html = env.get_template(&format!("{name}.html"))?.render(seen.clone())?;
    Ok(Letter { subject, text: wrapped(&text), html })
}

fn digest_of(
    env: &Environment<'static>,
    ours: &Environment<'static>,
    digest: &Digest,
    setting: &Setting<'_>,
) -> Result<Letter, TemplateFailure> {
    let Digest { team, since, until, notices, untold } = digest;
    let mut sorted: Vec<&(Timestamp, Notice)> = notices.iter().collect();
    sorted.sort_by_key(|(at, notice)| (std::cmp::Reverse(notice.severity()), *at));
    let severity = sorted.first().map_or(Severity::Info, |(_, notice)| notice.severity());
    let subject = one_line(&digest_title(digest), TITLE_CHARS_MAX);
    let told = sorted.get(..DIGEST_NOTICES_MAX).unwrap_or(&sorted);
    let seen = context! {
        team => Serde(team), since => since.to_string(), until => until.to_string(),
        left_out => u64::try_from(sorted.len() - told.len()).unwrap_or(u64::MAX).saturating_add(*untold),
        ..seen(&subject, severity, setting)
    };
    let written = |kind: &str| {
        let entry = |(at, notice): &&(Timestamp, Notice)| match entry(env, kind, *at, notice, setting) {
            // An operator's template may have another form than ours.
            Err(failure) if failure.kind() == ErrorKind::UnknownBlock => {
                entry(ours, kind, *at, notice, setting)
            }
            written => written,
        };
        let entries: Vec<Value> = told.iter().map(entry).collect::<Result<_, _>>()?;
        let seen = context! { entries, ..seen.clone() };
        env.get_template(&format!("digest.{kind}"))?.render(seen)
    };
    Ok(Letter { subject, text: wrapped(&written("txt")?), html: written("html")? })
}

/// One notice in a digest, as its own letter would say it.
fn entry(
    env: &Environment<'static>,
    kind: &str,
    at: Timestamp,
    notice: &Notice,
    setting: &Setting<'_>,
) -> Result<Value, minijinja::Error> {
    let title = one_line(&notice.title(), TITLE_CHARS_MAX);
    let seen = context! { n => Serde(notice), ..seen(&title, notice.severity(), setting) };
    let mut written = env.get_template(&format!("{}.{kind}", notice.name()))?.render_captured(seen)?;
    let mut block = |name| {
        let block = written.with_state_mut(|state| state.render_block(name))?;
        // It is escaped already, as its own template says.
        Ok::<_, minijinja::Error>(Value::from_safe_string(block.trim().to_owned()))
    };
    let (act, link) = (block("act")?, block("link")?);
    Ok(context! { title, severity => notice.severity().as_str(), at => at.to_string(), act, link })
}

fn digest_title(digest: &Digest) -> String {
    let Digest { team, notices, untold, .. } = digest;
    let count = |number: u64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let critical = notices.iter().filter(|(_, notice)| notice.severity() == Severity::Critical).count();
    let all = u64::try_from(notices.len()).unwrap_or(u64::MAX).saturating_add(*untold);
    let whose = team.as_ref().map(|team| format!(" for {team}")).unwrap_or_default();
    let urgent = if critical == 0 { String::new() } else { format!(", {critical} critical") };
    format!("{}{whose}{urgent}", count(all, "notice"))
}

/// All that a letter can be about, as templates are named.
fn names() -> impl Iterator<Item = &'static str> {
    NoticeName::ALL.into_iter().map(NoticeName::as_str).chain(["layout", "digest", "test"])
}
