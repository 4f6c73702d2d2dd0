//! The list of metrics is what the code measures.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const PREFIX: &str = "tollgate_";
/// In quotes they look like metrics, and are schemas, channels and a metadata key.
const OTHERS: [&str; 5] =
    ["tollgate_log", "tollgate_read", "tollgate_outbox", "tollgate_appended", "tollgate_sequenced"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names that stand between these marks.
fn names(text: &str, mark: char) -> BTreeSet<String> {
    let begins = format!("{mark}{PREFIX}");
    text.match_indices(&begins)
        .filter_map(|(at, _)| text[at + mark.len_utf8()..].split(mark).next())
        .filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        .map(str::to_owned)
        .collect()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.components().any(|part| part.as_os_str().to_string_lossy().starts_with("test"))
        {
            found.push(path);
        }
    }
}

#[test]
fn every_metric_is_in_the_list_and_the_list_has_no_other() {
    let mut files = vec![];
    for entry in fs::read_dir(repository().join("crates")).unwrap() {
        sources(&entry.unwrap().path().join("src"), &mut files);
    }
    assert!(files.len() > 100, "the sources are where they are looked for");
    let mut measured: BTreeSet<String> =
        files.iter().flat_map(|file| names(&fs::read_to_string(file).unwrap(), '"')).collect();
    OTHERS.iter().for_each(|other| assert!(measured.remove(*other), "{other} is no longer there"));
    let listed = names(&fs::read_to_string(repository().join("docs/metrics.md")).unwrap(), '`');
    let (missing, gone): (Vec<_>, Vec<_>) =
        (measured.difference(&listed).collect(), listed.difference(&measured).collect());
    assert!(missing.is_empty() && gone.is_empty(), "not in the list: {missing:?}; not in the code: {gone:?}");
}
