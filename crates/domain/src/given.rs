//! What tests of rules are given: times, texts and the helper that parses them.

use std::{fmt::Debug, str::FromStr};

use crate::Timestamp;

/// The seconds after 2026-03-01T12:00:00Z.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + seconds).unwrap()
}

/// The value that a text stands for.
pub(crate) fn the<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// The set, list or map of the values that the texts stand for.
pub(crate) fn all<T: FromStr<Err: Debug>, C: FromIterator<T>>(texts: &[&str]) -> C {
    texts.iter().map(|text| the(text)).collect()
}

/// As many different texts: `a0`, `a1`, `a2`.
pub(crate) fn many<T: FromStr<Err: Debug>, C: FromIterator<T>>(count: usize) -> C {
    (0..count).map(|number| the(&format!("a{number}"))).collect()
}
