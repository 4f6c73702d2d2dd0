//! Limits in the short form of the command line.

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// `NAME:REQUESTS/SECONDS[:BURST]`, such as `burst:100/60:20`.
pub(super) fn rate(text: &str) -> anyhow::Result<Value> {
    let form = || {
        format!("`{text}` is not a rate limit: write NAME:REQUESTS/SECONDS[:BURST], such as burst:100/60:20")
    };
    let mut parts = text.split(':');
    let (Some(name), Some(rate), burst, None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        bail!(form());
    };
    let (requests, per_seconds) = rate.split_once('/').with_context(form)?;
    let mut limit = json!({
        "name": name,
        "requests": requests.parse::<u64>().with_context(form)?,
        "per_seconds": per_seconds.parse::<u64>().with_context(form)?,
    });
    if let (Some(burst), Some(fields)) = (burst, limit.as_object_mut()) {
        fields.insert("burst".to_owned(), burst.parse::<u64>().with_context(form)?.into());
    }
    Ok(limit)
}

/// `NAME:REQUESTS/PERIOD[@ZONE]`, such as `monthly:100000/month@Europe/Berlin`; `rolling-day` for a rolling one.
pub(super) fn quota(text: &str) -> anyhow::Result<Value> {
    let form = || {
        format!(
            "`{text}` is not a quota: write NAME:REQUESTS/PERIOD[@ZONE], such as daily:1000/day@Europe/Berlin"
        )
    };
    let (name, rest) = text.split_once(':').with_context(form)?;
    let (requests, rest) = rest.split_once('/').with_context(form)?;
    let (period, time_zone) = match rest.split_once('@') {
        Some((period, zone)) => (period, Some(zone)),
        None => (rest, None),
    };
    let (window, period) = match period.strip_prefix("rolling-") {
        Some(period) => ("rolling", period),
        None => ("calendar", period),
    };
    let mut limit = json!({ "name": name, "requests": requests.parse::<u64>().with_context(form)?, "period": period, "window": window });
    if let (Some(zone), Some(fields)) = (time_zone, limit.as_object_mut()) {
        fields.insert("time_zone".to_owned(), zone.into());
    }
    Ok(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_a_short_form() {
        assert_eq!(
            rate("burst:100/60:20").unwrap(),
            json!({ "name": "burst", "requests": 100, "per_seconds": 60, "burst": 20 })
        );
        assert_eq!(rate("r:1/1").unwrap(), json!({ "name": "r", "requests": 1, "per_seconds": 1 }));
        assert_eq!(
            quota("m:5/month@Europe/Berlin").unwrap(),
            json!({ "name": "m", "requests": 5, "period": "month", "window": "calendar", "time_zone": "Europe/Berlin" })
        );
        assert_eq!(quota("d:5/rolling-day").unwrap()["window"], "rolling");
        for bad in ["", "a", "a:1", "a:x/1", "a:1/x", "a:1/1:x", "a:1/1:1:1"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
        assert!(quota("a:x/day").is_err());
    }
}
