//! What letters say: each is held against a file that people read when it changes.
//!
//! `TOLLGATE_WRITE_SNAPSHOTS=1` writes the files anew.

use std::{collections::BTreeSet, fs, path::PathBuf};

use domain::{Name, NoticeName, Timestamp};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tollgate_notifier::{
    notice::Notice,
    templates::{Digest, Letter, PublicUrl, Setting, TemplateFailure, Templates},
};

fn with_setting<T>(zone: &str, rule: Option<&str>, then: impl FnOnce(&Setting<'_>) -> T) -> T {
    let public_url: PublicUrl = "https://tollgate.example.com".parse().unwrap();
    let zone = TimeZone::get(zone).unwrap();
    let unsubscribe = Some("https://tollgate.example.com/v1/unsubscribe?token=abc&x=1");
    then(&Setting { public_url: &public_url, zone: &zone, rule, unsubscribe })
}

fn told(notice: &Notice) -> Letter {
    let templates = Templates::new(None).unwrap();
    with_setting("UTC", Some("Owners"), |setting| templates.notice(notice, setting)).unwrap()
}

fn check(name: &str, letter: &Letter) {
    let Letter { subject, text, html } = letter;
    for (kind, found) in [("txt", &format!("Subject: {subject}\n\n{text}")), ("html", html)] {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}.{kind}"));
        if std::env::var_os("TOLLGATE_WRITE_SNAPSHOTS").is_some() {
            fs::write(&file, found).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(*found, expected, "{} differs: TOLLGATE_WRITE_SNAPSHOTS=1 writes it anew", file.display());
    }
}

#[test]
fn every_notice_is_told_as_it_was_read_and_agreed() {
    for name in NoticeName::ALL {
        check(name.as_str(), &told(&Notice::sample(name)));
    }
}

/// Every other way that a letter can go than its sample's.
#[test]
fn what_is_not_there_is_not_spoken_of() {
    for (name, notice) in others() {
        check(name, &told(&notice));
    }
}

fn others() -> Vec<(&'static str, Notice)> {
    use NoticeName as N;
    let shadow = json!({ "key": null, "forecast_reached_at": null, "limit": { "mode": "shadow" } });
    let shared = json!({ "key": null, "client": null });
    let rolling = json!({ "key": null, "rolling_over": "hour", "forecast_reached_at": null });
    let gone = json!({ "cause": "gone", "held": 0, "endpoint": { "team": null } });
    vec![
        ("quota_threshold.bare", changed(N::QuotaThreshold, &shadow)),
        ("quota_threshold.shared", changed(N::QuotaThreshold, &shared)),
        ("quota_threshold.rolling", changed(N::QuotaThreshold, &rolling)),
        ("quota_exhausted.shared", changed(N::QuotaExhausted, &json!({ "key": null, "client": null }))),
        ("quota_exhausted.rolling", changed(N::QuotaExhausted, &json!({ "rolling_over": "day" }))),
        ("quota_exhausted.shadow", changed(N::QuotaExhausted, &json!({ "limit": { "mode": "shadow" } }))),
        ("key_expiring.today", changed(N::KeyExpiring, &json!({ "days_left": 0, "last_used_at": null }))),
        ("key_leaked.revoked", changed(N::KeyLeaked, &json!({ "action": "revoked", "url": null }))),
        ("key_leaked.none", changed(N::KeyLeaked, &json!({ "action": "none", "source": null }))),
        ("key_quarantined.unused", changed(N::KeyQuarantined, &json!({ "known_networks": 0 }))),
        (
            "policy_changed.assigned",
            changed(N::PolicyChanged, &json!({ "old_version": null, "reason": null })),
        ),
        ("policy_changed.taken", changed(N::PolicyChanged, &json!({ "new_version": null, "changes": [] }))),
        ("endpoint_disabled.gone", changed(N::EndpointDisabled, &gone)),
        ("endpoint_disabled.asked", changed(N::EndpointDisabled, &json!({ "cause": "asked", "held": 1 }))),
        ("channel_down.webhook", changed(N::ChannelDown, &json!({ "channel": "webhook", "waiting": 1 }))),
    ]
}

/// The sample with these fields instead of its own.
fn changed(name: NoticeName, fields: &Value) -> Notice {
    fn merge(into: &mut Value, fields: &Value) {
        match (into, fields) {
            (Value::Object(into), Value::Object(fields)) => {
                for (field, value) in fields {
                    merge(&mut into[field], value);
                }
            }
            (into, value) => *into = value.clone(),
        }
    }
    let mut written = serde_json::to_value(Notice::sample(name)).unwrap();
    merge(&mut written, fields);
    serde_json::from_value(written).unwrap()
}

/// Nothing is left to chance of the fields that may be null: each one is taken away from each sample.
#[test]
fn every_letter_can_be_written_without_any_field_that_may_be_missing() {
    for name in NoticeName::ALL {
        let written = serde_json::to_value(Notice::sample(name)).unwrap();
        for field in written.as_object().unwrap().keys() {
            let mut less = written.clone();
            less[field] = Value::Null;
            if let Ok(notice) = serde_json::from_value::<Notice>(less) {
                assert!(!told(&notice).text.contains("none"), "{name} without {field}");
            }
        }
    }
}

fn digest(count: usize) -> Digest {
    let at = |hour: i64| Timestamp::from_second(1_772_366_400 + hour * 3_600).unwrap();
    let names = [
        NoticeName::KeyIssued,
        NoticeName::KeyExpiring,
        NoticeName::QuotaExhausted,
        NoticeName::ApprovalWanted,
    ];
    let notices = names.into_iter().cycle().zip(0_i64..).map(|(name, hour)| (at(hour), Notice::sample(name)));
    Digest {
        team: Some("Payments".parse().unwrap()),
        since: at(0),
        until: at(24),
        notices: notices.take(count).collect(),
        untold: 0,
    }
}

#[test]
fn a_digest_tells_the_most_urgent_first() {
    let templates = Templates::new(None).unwrap();
    let letter =
        with_setting("Europe/Berlin", Some("Mornings"), |setting| templates.digest(&digest(4), setting));
    check("digest", &letter.unwrap());
}

#[test]
fn a_digest_counts_what_it_has_no_room_for() {
    let templates = Templates::new(None).unwrap();
    let letter = with_setting("UTC", None, |setting| templates.digest(&digest(130), setting)).unwrap();
    assert_eq!(letter.subject, "130 notices for Payments, 32 critical");
    assert!(letter.text.contains("And 30 more notices") && !letter.text.contains("notification rule"));
}

#[test]
fn a_test_says_that_it_is_one() {
    let templates = Templates::new(None).unwrap();
    check("test", &with_setting("UTC", None, |setting| templates.test(setting)).unwrap());
}

/// Words of others in every field that takes any: no markup, no other line, no other direction.
#[test]
fn hostile_words_are_shown_as_words() {
    let hostile: Name = "<script>alert(1)</script>\"'&".parse().unwrap();
    let words = "<img src=x onerror=alert(1)>\r\nBcc: all@example.com\u{202e}gpj.exe\u{200f}";
    for name in NoticeName::ALL {
        let mut written = serde_json::to_value(Notice::sample(name)).unwrap();
        poison(&mut written, &hostile, words);
        let notice: Notice = serde_json::from_value(written).unwrap();
        let Letter { subject, text, html } = told(&notice);
        assert!(!html.contains("<script") && !html.contains("<img"), "{name}: {html}");
        for part in [&subject, &text, &html] {
            assert!(!part.contains(['\u{202e}', '\u{200f}', '\r']), "{name}: {part}");
            assert!(!part.lines().any(|line| line.trim_start().starts_with("Bcc:")), "{name}: {part}");
        }
        assert!(!subject.contains('\n') && subject.chars().count() <= 150, "{name}: {subject}");
    }
}

/// Puts a name wherever one is taken, and any words wherever those are.
fn poison(value: &mut Value, name: &Name, words: &str) {
    let Value::Object(fields) = value else { return };
    for (field, value) in fields {
        match field.as_str() {
            // A limit's name takes none of this.
            "name" if *value == "monthly" || *value == "per-second" => {}
            "name" | "owner_team" | "policy_name" | "team" | "source" => *value = name.as_str().into(),
            "reason" => *value = "<b>\"why\"</b>".into(),
            "issued_by" | "rotated_by" | "revoked_by" | "suspended_by" | "changed_by" | "asked_by"
            | "host" | "last_failure" | "what" | "hint" => *value = words.into(),
            "url" => *value = "javascript:alert(1)//\"><script>".into(),
            "changes" => *value = vec![words, words].into(),
            _ => poison(value, name, words),
        }
    }
}

#[test]
fn every_link_goes_to_the_public_url() {
    for name in NoticeName::ALL {
        let Letter { text, html, .. } = told(&Notice::sample(name));
        let hrefs: BTreeSet<&str> =
            html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(!hrefs.is_empty());
        for href in hrefs {
            assert!(href.starts_with("https://tollgate.example.com"), "{name}: {href}");
            assert!(text.contains(href), "{name}: {href}");
        }
        assert!(!html.contains("src=") && !html.contains("@import"), "nothing is fetched: {name}");
    }
}

#[test]
fn times_are_shown_in_the_zone_of_the_reader() {
    let templates = Templates::new(None).unwrap();
    let notice = Notice::sample(NoticeName::KeyExpiring);
    let letter =
        with_setting("America/New_York", None, |setting| templates.notice(&notice, setting)).unwrap();
    // The clocks go forward on that day.
    assert!(letter.text.contains("2026-03-08 08:00 EDT"), "{}", letter.text);
}

fn folder(name: &str, template: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), template).unwrap();
    folder
}

#[test]
fn an_operators_template_comes_before_ours_and_the_rest_stays() {
    let folder = folder("key_expiring.txt", "{{ n.client.name }}: {{ n.days_left|count('day') }}\n");
    fs::write(folder.path().join("README.md"), "{{ not a template").unwrap();
    let templates = Templates::new(Some(folder.path())).unwrap();
    let notice = Notice::sample(NoticeName::KeyExpiring);
    let letter = with_setting("UTC", Some("Owners"), |setting| templates.notice(&notice, setting)).unwrap();
    assert_eq!(letter.text, "Checkout: 7 days\n");
    assert_eq!(letter.html, told(&notice).html);
}

#[test]
fn an_operators_template_that_is_wrong_is_named_with_its_line() {
    for (name, template, line, word) in [
        ("key_expiring.txt", "fine\n{% if %}\n", 2, "unexpected end of block"),
        ("key_expiring.html", "fine\nfine\n{{ n.expiry }}\n", 3, "undefined"),
        ("digest.txt", "{{ title|shout }}", 1, "shout"),
        ("layout.html", "\n{{ n.key.expires_at|time }}", 2, ""),
        ("test.txt", "{{ link('elsewhere') }}", 1, "elsewhere"),
    ] {
        let folder = folder(name, template);
        match Templates::new(Some(folder.path())).unwrap_err() {
            TemplateFailure::Wrong { name: named, line: told, what } => {
                assert_eq!((named.as_str(), told), (name, line), "{what}");
                assert!(what.contains(word), "{what}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_template_of_nothing_is_told() {
    let folder = folder("key_expires.txt", "never used");
    let failure = Templates::new(Some(folder.path())).unwrap_err();
    assert!(failure.to_string().contains("key_expires.txt is the template of nothing"), "{failure}");
    let failure = Templates::new(Some(&folder.path().join("absent"))).unwrap_err();
    assert!(failure.to_string().contains("absent"), "{failure}");
}

#[test]
fn a_letter_is_written_by_ours_where_an_operators_template_fails_on_it() {
    let folder = folder("key_expiring.txt", "last used on {{ n.last_used_at|time }}");
    let templates = Templates::new(Some(folder.path())).unwrap();
    let notice = changed(NoticeName::KeyExpiring, &json!({ "last_used_at": null }));
    let letter = with_setting("UTC", Some("Owners"), |setting| templates.notice(&notice, setting)).unwrap();
    assert_eq!(letter.text, told(&notice).text);
}

#[test]
fn every_notice_is_in_the_page_about_them() {
    let page = include_str!("../../../../docs/notices.md");
    for name in NoticeName::ALL {
        assert!(page.contains(&format!("| `{}` |", name.as_str())), "{name:?}");
    }
}
