//! The data directory: one process, secrets that stay, sentences that help.

use std::{fs, os::unix::fs::PermissionsExt};

use domain::secret::PlainSecret;
use tollgate_eventlog::{OpenFailure, installation::Installation};
use zeroize::Zeroizing;

fn secret() -> PlainSecret {
    let random = Zeroizing::new("aB3dE6gH9j0123456789abcdefghijklmnopqrstuv".to_owned());
    PlainSecret::compose("tg", &"prod".parse().unwrap(), &random).unwrap()
}

#[test]
fn a_second_process_is_refused_and_told_why() {
    let dir = tempfile::tempdir().unwrap();
    let first = Installation::open(dir.path()).unwrap();
    let second = Installation::open(dir.path()).unwrap_err();
    assert!(matches!(second, OpenFailure::Locked { .. }), "{second:?}");
    assert!(second.to_string().contains("another Tollgate process uses the data directory"));
    drop(first);
    Installation::open(dir.path()).unwrap();
}

#[test]
fn secrets_are_made_once_and_are_ours_alone() {
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::open(dir.path()).unwrap();
    let digest = installation.peppers().unwrap().digest_new(&secret());
    let signing = installation.signing_key().unwrap();
    for name in ["pepper.1.key", "signing.key"] {
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(installation.peppers().unwrap().digest_new(&secret()).matches(&digest));
    assert_eq!(installation.signing_key().unwrap(), signing);
}

#[test]
fn a_lost_pepper_is_not_replaced_once_there_are_events() {
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::open(dir.path()).unwrap();
    installation.peppers().unwrap();
    fs::write(installation.events_database(), "").unwrap();
    fs::remove_file(dir.path().join("pepper.1.key")).unwrap();
    let missing = installation.peppers().unwrap_err();
    assert!(matches!(missing, OpenFailure::SecretFileMissing { .. }));
    assert!(missing.to_string().contains("no key issued under it can be recognised"), "{missing}");
}

#[test]
fn a_lost_signing_key_is_not_replaced_either_and_is_no_pepper() {
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::open(dir.path()).unwrap();
    installation.signing_key().unwrap();
    fs::write(installation.events_database(), "").unwrap();
    fs::remove_file(dir.path().join("signing.key")).unwrap();
    let missing = installation.signing_key().unwrap_err();
    assert!(matches!(missing, OpenFailure::SecretFileMissing { .. }));
    let said = missing.to_string();
    assert!(said.contains("signing.key is missing") && said.contains("the log cannot be signed"), "{said}");
    assert!(!said.contains("recognised"), "{said}");
}

#[test]
fn a_damaged_or_open_secret_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::open(dir.path()).unwrap();
    installation.peppers().unwrap();
    let file = dir.path().join("pepper.1.key");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(installation.peppers(), Err(OpenFailure::SecretFileOpen { .. })));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "not hexadecimal").unwrap();
    assert!(matches!(installation.peppers(), Err(OpenFailure::SecretFileDamaged { .. })));
}

#[test]
fn a_directory_that_cannot_be_made_is_told_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("occupied");
    fs::write(&file, "").unwrap();
    let failure = Installation::open(&file.join("data")).unwrap_err();
    assert!(failure.to_string().contains("cannot use the data directory"), "{failure}");
}

#[test]
fn a_second_pepper_digests_new_secrets_and_the_first_still_proves_old_ones() {
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::open(dir.path()).unwrap();
    let old = installation.peppers().unwrap().digest_new(&secret());
    installation.write("pepper.2.key", &"ab".repeat(32)).unwrap();
    let both = installation.peppers().unwrap();
    assert_eq!(both.digest_new(&secret()).pepper_version, 2);
    assert!(both.digest(1, secret().expose()).unwrap().matches(&old));
}

#[test]
fn a_pepper_that_digests_need_must_be_there() {
    let dir = tempfile::tempdir().unwrap();
    let installation = Installation::open(dir.path()).unwrap();
    let peppers = installation.peppers().unwrap();
    assert!(installation.check_peppers(&peppers, &[1]).is_ok());
    let missing = installation.check_peppers(&peppers, &[1, 2]).unwrap_err();
    assert!(
        matches!(&missing, OpenFailure::SecretFileMissing { file, .. } if file.ends_with("pepper.2.key")),
        "{missing}"
    );
}

#[tokio::test]
async fn databases_are_ours_alone_whatever_the_directory_is() {
    let dir = tempfile::tempdir().unwrap();
    let log = crate::support::open(dir.path()).await;
    log.execute(crate::support::register(crate::support::client(1))).await.unwrap();
    for name in ["events.db", "events.db-wal", "events.db-shm"] {
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(log.pepper_versions().await.unwrap().is_empty());
}
