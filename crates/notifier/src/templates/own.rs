//! The templates in the binary, and those of a folder that come before them.

use std::path::Path;

use domain::{NoticeName, Timestamp};
use jiff::tz::TimeZone;
use minijinja::{Environment, UndefinedBehavior, syntax::SyntaxConfig};

use super::{Digest, PublicUrl, Setting, TemplateFailure, digest_of, letter_of, names, test_of, words};
use crate::notice::Notice;

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => {
        const EMBEDDED: &[(&str, &str)] = &[$(
            (concat!($name, ".txt"), include_str!(concat!("../../templates/", $name, ".txt"))),
            (concat!($name, ".html"), include_str!(concat!("../../templates/", $name, ".html"))),
        )+];
    };
}

embedded!(
    "layout",
    "digest",
    "test",
    "usage_report",
    "quota_threshold",
    "quota_exhausted",
    "throttling_spike",
    "key_expiring",
    "key_expired",
    "key_issued",
    "key_rotated",
    "key_revoked",
    "key_suspended",
    "key_leaked",
    "key_quarantined",
    "old_secret_busy",
    "client_suspended",
    "policy_changed",
    "approval_wanted",
    "break_glass_opened",
    "endpoint_failing",
    "endpoint_disabled",
    "channel_down",
    "checkpoint_alarm",
);

/// Ours, where the folder has none of that name.
pub(super) fn environment(given: &[(String, String)]) -> Result<Environment<'static>, TemplateFailure> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    env.set_syntax(syntax);
    words::teach(&mut env);
    for (name, template) in EMBEDDED {
        env.add_template(name, template)?;
    }
    for (name, template) in given {
        env.add_template_owned(name.clone(), template.clone())?;
    }
    Ok(env)
}

/// The templates in a folder, by name. Files of other kinds are none of ours.
pub(super) fn in_folder(folder: &Path) -> Result<Vec<(String, String)>, TemplateFailure> {
    let unread = |source| TemplateFailure::Folder { folder: folder.to_owned(), source };
    let known: Vec<String> =
        names().flat_map(|name| [format!("{name}.txt"), format!("{name}.html")]).collect();
    let mut given = vec![];
    for file in std::fs::read_dir(folder).map_err(unread)? {
        let file = file.map_err(unread)?.path();
        if !file.extension().is_some_and(|kind| kind == "txt" || kind == "html") {
            continue;
        }
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        // One that is misspelled would never be used, and nobody would know.
        if !known.contains(&name) {
            return Err(TemplateFailure::Unknown { file, known });
        }
        let template = std::fs::read_to_string(&file)
            .map_err(|source| TemplateFailure::Read { file: file.clone(), source })?;
        given.push((name, template));
    }
    given.sort();
    Ok(given)
}

/// Writes everything once, so that what is wrong shows at start and not when somebody should be told something.
pub(super) fn try_all(
    env: &Environment<'static>,
    ours: &Environment<'static>,
) -> Result<(), TemplateFailure> {
    let public_url = PublicUrl::sample();
    let bare = Setting { public_url: &public_url, zone: &TimeZone::UTC, rule: None, unsubscribe: None };
    let full =
        Setting { rule: Some("Owners"), unsubscribe: Some("https://tollgate.example.com"), ..bare.clone() };
    let notices: Vec<Notice> = NoticeName::ALL.into_iter().map(Notice::sample).collect();
    let now = Timestamp::UNIX_EPOCH;
    let dated = notices.iter().map(|notice| (now, notice.clone())).collect();
    let digest = Digest { team: None, since: now, until: now, notices: dated, untold: 0 };
    for setting in [bare, full] {
        for notice in &notices {
            letter_of(env, notice, &setting)?;
        }
        digest_of(env, ours, &digest, &setting)?;
        test_of(env, &setting)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_can_be_told_has_both_its_templates() {
        for name in names() {
            for kind in ["txt", "html"] {
                let name = format!("{name}.{kind}");
                assert!(EMBEDDED.iter().any(|(embedded, _)| *embedded == name), "{name}");
            }
        }
        assert_eq!(EMBEDDED.len(), 2 * names().count());
    }
}
