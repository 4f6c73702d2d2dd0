//! Counts what became of entries, and the streams that are open.

use std::sync::Once;

use metrics::{Counter, Gauge};

use super::entry::Skipped;

const ENTRIES: &str = "tollgate_access_log_entries_total";
const STREAMS: &str = "tollgate_access_log_streams";

/// What became of an entry, or of a message that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Counted,
    Skipped(Skipped),
    /// Of a connection, not of a call.
    Tcp,
    /// A whole message, and its stream with it.
    TooLarge,
}

pub(super) struct Meters {
    counted: Counter,
    unfinished: Counter,
    undecided: Counter,
    malformed: Counter,
    untimely: Counter,
    tcp: Counter,
    too_large: Counter,
    streams: Gauge,
}

/// Counted as open until it is dropped.
pub(super) struct OpenStream(Gauge);

impl Meters {
    pub(super) fn new() -> Self {
        static DESCRIBED: Once = Once::new();
        DESCRIBED.call_once(describe);
        let of = |fate: &'static str| metrics::counter!(ENTRIES, "fate" => fate);
        Self {
            counted: of("counted"),
            unfinished: of("unfinished"),
            undecided: of("undecided"),
            malformed: of("malformed"),
            untimely: of("untimely"),
            tcp: of("tcp"),
            too_large: of("too_large"),
            streams: metrics::gauge!(STREAMS),
        }
    }

    pub(super) fn count(&self, fate: Fate) {
        let counter = match fate {
            Fate::Counted => &self.counted,
            Fate::Skipped(Skipped::Unfinished) => &self.unfinished,
            Fate::Skipped(Skipped::Undecided) => &self.undecided,
            Fate::Skipped(Skipped::Malformed) => &self.malformed,
            Fate::Skipped(Skipped::Untimely) => &self.untimely,
            Fate::Tcp => &self.tcp,
            Fate::TooLarge => &self.too_large,
        };
        counter.increment(1);
    }

    pub(super) fn open(&self) -> OpenStream {
        self.streams.increment(1);
        OpenStream(self.streams.clone())
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

fn describe() {
    metrics::describe_counter!(ENTRIES, "Entries of the proxies' access logs, by what became of them");
    metrics::describe_gauge!(STREAMS, "Access logs that proxies are sending now");
}
