//! Which form of a report the caller would rather have. Source: RFC 9110 §12.5.1.

use http::{HeaderMap, header};

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
}

/// The form that the caller likes best, JSON where it does not matter; none that it takes, nothing.
pub(crate) fn form(headers: &HeaderMap) -> Option<Form> {
    match best(headers, &[("application", "json"), ("text", "csv")])? {
        0 => Some(Form::Json),
        _ => Some(Form::Csv),
    }
}

/// Which of these media types the caller likes best, the first of those it likes the same; none that it takes, nothing.
pub(crate) fn best(headers: &HeaderMap, offered: &[(&str, &str)]) -> Option<usize> {
    let fields: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|field| field.to_str().ok()).collect();
    if fields.is_empty() {
        return Some(0);
    }
    let ranges = fields.join(",");
    let mut best = (0, None);
    for (at, (kind, subtype)) in offered.iter().enumerate() {
        let weight = weight(&ranges, kind, subtype);
        if weight > best.0 {
            best = (weight, Some(at));
        }
    }
    best.1
}

/// How much a media type is liked, in thousandths: as its most specific range says.
fn weight(ranges: &str, kind: &str, subtype: &str) -> u16 {
    let mut best = (0, 0);
    for range in ranges.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let Some((given_kind, given_subtype)) = parts.next().and_then(|essence| essence.split_once('/'))
        else {
            continue;
        };
        let specificity = match (given_kind, given_subtype) {
            ("*", "*") => 1,
            (given, "*") if given.eq_ignore_ascii_case(kind) => 2,
            (given, sub) if given.eq_ignore_ascii_case(kind) && sub.eq_ignore_ascii_case(subtype) => 3,
            _ => continue,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        if specificity > best.0 {
            best = (specificity, quality.map_or(1_000, thousandths));
        }
    }
    best.1
}

/// `0.8` is 800. What is no quality value counts for nothing.
fn thousandths(quality: &str) -> u16 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    let digits = format!("{fraction:0<3}");
    let fraction = digits.get(..3).and_then(|digits| digits.parse::<u16>().ok());
    match (whole, fraction) {
        ("1", _) => 1_000,
        ("0", Some(fraction)) => fraction,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accept: &[&str], expected: Option<Form>) {
        let headers = accept.iter().map(|field| (header::ACCEPT, field.parse().unwrap())).collect();
        assert_eq!(form(&headers), expected, "{accept:?}");
    }

    #[test]
    fn json_is_what_one_gets_without_a_wish() {
        check(&[], Some(Form::Json));
        check(&["*/*"], Some(Form::Json));
        check(&["text/csv, application/json"], Some(Form::Json));
    }

    #[test]
    fn the_form_that_is_liked_best_is_taken() {
        check(&["text/csv"], Some(Form::Csv));
        check(&["Text/CSV;q=0.5"], Some(Form::Csv));
        check(&["application/json;q=0.5", "text/csv;q=0.501"], Some(Form::Csv));
        check(&["text/*, application/json;q=0.9"], Some(Form::Csv));
        check(&["*/*;q=0.1, text/csv;q=0"], Some(Form::Json));
    }

    #[test]
    fn a_form_that_is_not_taken_is_not_given() {
        check(&["text/html"], None);
        check(&["application/json;q=0"], None);
        check(&["*/*;q=0"], None);
        check(&["text/csv;q=x"], None);
    }
}
