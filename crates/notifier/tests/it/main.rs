//! The letters as their readers get them, and the way there.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

mod letters;
mod mail;
