//! This program's log lines, as Envoy's: where Envoy writes, in its form, at the level of its `dynamic_modules`.

use std::io::{self, Write};

use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer as _, fmt::MakeWriter, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::ffi::calls::{LogLevel, log, log_enabled};

/// Begins to. Once in a process: a second time changes nothing.
pub(crate) fn start() {
    // Envoy says when and how grave; what is finer than that is for whoever works on the program.
    let lines = tracing_subscriber::fmt::layer().without_time().with_level(false).with_ansi(false);
    let lines = lines.with_writer(ToEnvoy).with_filter(LevelFilter::INFO);
    drop(tracing_subscriber::registry().with(lines).try_init());
}

struct ToEnvoy;

/// A line in the making, of a level that Envoy writes.
struct Line {
    level: LogLevel,
    text: Vec<u8>,
}

impl<'a> MakeWriter<'a> for ToEnvoy {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { level: LogLevel::Info, text: vec![] }
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line {
        Line { level: level(*meta.level()), text: vec![] }
    }
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if log_enabled(self.level) {
            log(self.level, String::from_utf8_lossy(&self.text).trim_end());
        }
    }
}
