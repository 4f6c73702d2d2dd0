//! Hours of a zone that is a part of an hour off UTC: the part, in seconds, until each moment.

use jiff::tz::TimeZone;

use super::{HOUR_S, instant};

/// So many changes of a zone's clocks are looked at. Two a year make two hundred years, and behind those no call was counted yet: a
/// report may end in thousands.
const CHANGES_MAX: usize = 400;

/// By how much of an hour the zone is ahead, until when. Every offset in use since 1972 is a number of quarters of an hour.
pub(super) fn parts(from_s: i64, until_s: i64, zone: &TimeZone) -> Vec<(i64, i64)> {
    let part = |at: i64| i64::from(zone.to_offset(instant(at)).seconds()).rem_euclid(HOUR_S);
    let mut parts = vec![];
    let mut begins = from_s;
    for change in zone.following(instant(from_s)).take(CHANGES_MAX) {
        let at = change.timestamp().as_second();
        if at >= until_s {
            break;
        }
        if part(at) != part(begins) {
            parts.push((at, part(begins)));
            begins = at;
        }
    }
    parts.push((until_s, part(begins)));
    parts
}

/// Which hour of the zone's clocks, counted from one of long ago.
pub(super) fn hour(second: i64, parts: &[(i64, i64)]) -> i64 {
    (second + part_at(second, parts)).div_euclid(HOUR_S)
}

/// By how much of an hour the zone is ahead then, in seconds.
pub(super) fn part_at(second: i64, parts: &[(i64, i64)]) -> i64 {
    let part = parts.iter().find(|(until_s, _)| second < *until_s).or(parts.last());
    part.map_or(0, |(_, part)| *part)
}

/// The end of so many hours from the one that a moment is in on; behind the last part there is none. Clocks that are put back or on by
/// a part of an hour end the one that it was.
pub(super) fn end_of(second: i64, many: i64, parts: &[(i64, i64)]) -> i64 {
    let (mut begin_s, mut many) = (second, many);
    let first = parts.partition_point(|(until_s, _)| *until_s <= second);
    for (until_s, part) in parts.iter().skip(first) {
        let hour = |second: i64| (second + part).div_euclid(HOUR_S);
        let end_s = hour(begin_s).saturating_add(many).saturating_mul(HOUR_S).saturating_sub(*part);
        if end_s <= *until_s {
            return end_s;
        }
        many -= hour(until_s - 1) - hour(begin_s) + 1;
        if many <= 0 {
            return *until_s;
        }
        begin_s = *until_s;
    }
    i64::MAX
}

/// A row's hour as SQL over `start_s`.
pub(super) fn sql(parts: &[(i64, i64)]) -> String {
    let part = search(parts);
    format!("(start_s + ({part})) / {HOUR_S} * {HOUR_S} - ({part})")
}

/// The part at `start_s`, by halves: engines bound how deep an expression goes.
fn search(parts: &[(i64, i64)]) -> String {
    match parts {
        [] => "0".to_owned(),
        [(_, only)] => only.to_string(),
        many => {
            let (before, after) = many.split_at(many.len() / 2);
            let until_s = before.last().map_or(0, |(until_s, _)| *until_s);
            format!("case when start_s < {until_s} then {} else {} end", search(before), search(after))
        }
    }
}
