//! Signing the log and proving what is in it, on each engine.

use domain::{Position, Timestamp};
use futures::future::join_all;
use rusqlite::Connection;
use tollgate_eventlog::{
    EventLog,
    checkpoint::{Checkpoint, SignedCheckpoint},
    merkle::{is_consistent, root_of_inclusion},
    note::{Note, NoteKey, VerifierKey},
    signer::{KnownBy, SignFailure, SignRefusal, Signer, SigningSeeds, default_origin, renew_identity},
};

use crate::{
    contract::on_every_engine,
    postgres::Instance,
    support::{client, now, open, place, register, suspend},
};

on_every_engine!(
    the_log_is_signed_as_it_grows,
    proofs_hold_against_the_signed_root,
    two_keys_sign_while_they_overlap,
    what_contradicts_a_known_checkpoint_is_not_signed,
    another_name_is_an_operators_word,
);

pub(crate) fn seeds(of: &[u8]) -> SigningSeeds {
    of.iter().map(|byte| [*byte; 32].into()).collect()
}

pub(crate) fn signer(log: &EventLog) -> Signer {
    Signer::new(log.clone(), seeds(&[1]), None)
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + second).unwrap()
}

/// One event each.
pub(crate) async fn fill(log: &EventLog, clients: std::ops::Range<u128>) {
    let done = join_all(clients.map(|number| log.execute(register(client(number))))).await;
    for done in done {
        place(log, &done.unwrap()).await;
    }
}

async fn keys(log: &EventLog) -> Vec<VerifierKey> {
    log.checkpoint_keys().await.unwrap().into_iter().map(|key| key.vkey).collect()
}

pub(crate) async fn sign(signer: &mut Signer, second: i64) -> SignedCheckpoint {
    signer.sign(None, at(second)).await.unwrap().unwrap()
}

fn refusal(failure: SignFailure) -> SignRefusal {
    match failure {
        SignFailure::Refused(refusal) => refusal,
        SignFailure::Log(failure) => panic!("{failure:?}"),
    }
}

async fn the_log_is_signed_as_it_grows(log: EventLog) {
    let mut signer = signer(&log);
    assert_eq!(signer.sign(None, now()).await.unwrap(), None, "an empty log has nothing to be signed");
    assert_eq!(log.checkpoint().await.unwrap(), None);
    fill(&log, 0..3).await;
    let first = sign(&mut signer, 1).await;
    assert_eq!((first.size, first.signed_at), (Position::new(3), at(1)));
    assert_eq!(first.root, log.tree(Position::new(3)).await.unwrap().root());
    let origin = default_origin(&log).await.unwrap().unwrap();
    let said = Checkpoint { origin: origin.clone(), size: first.size, root: first.root };
    assert_eq!(Checkpoint::verified(&first.note, &keys(&log).await), Ok(said));
    assert_eq!(log.checkpoint().await.unwrap(), Some(first.clone()));
    assert_eq!(signer.sign(Some(&first.note), at(2)).await.unwrap(), None, "nothing is new");

    log.execute(suspend(client(1))).await.map(async |done| place(&log, &done).await).unwrap().await;
    let second = sign(&mut signer, 3).await;
    assert_eq!((second.size, log.checkpoint().await.unwrap().unwrap()), (Position::new(4), second.clone()));
    // Another process goes on where this one was.
    let mut next = self::signer(&log);
    next.check(Some(&first.note), at(4)).await.unwrap();
    assert_eq!(next.sign(Some(&first.note), at(4)).await.unwrap(), None);
    let identities = log.identities().await.unwrap();
    assert_eq!((identities.len(), &identities[0].origin), (1, &origin));
    assert_eq!(keys(&log).await, [NoteKey::new(&origin, &[1; 32]).unwrap().verifier()]);
}

async fn proofs_hold_against_the_signed_root(log: EventLog) {
    let (mut signer, mut signed) = (signer(&log), vec![]);
    // Across the edges of tiles.
    for (from, until) in [(0, 1), (1, 255), (255, 256), (256, 257), (257, 530)] {
        fill(&log, from..until).await;
        signed.push(sign(&mut signer, i64::try_from(until).unwrap()).await);
    }
    for checkpoint in &signed {
        let (size, root) = (checkpoint.size, checkpoint.root);
        assert_eq!(log.root(size).await.unwrap(), root);
        for position in (1..=size.get()).step_by(37).chain([1, size.get()]) {
            let proof = log.inclusion(Position::new(position), size).await.unwrap().unwrap();
            let leaf = log.read_stored(Position::new(position - 1), 1).await.unwrap()[0].audited_leaf();
            assert_eq!(proof.leaf_hash, leaf);
            let proven = root_of_inclusion(&leaf, position - 1, size.get(), &proof.hashes);
            assert_eq!(proven, Some(root), "position {position} of {size}");
        }
        assert_eq!(log.inclusion(size.next(), size).await.unwrap(), None);
        assert_eq!(log.inclusion(Position::START, size).await.unwrap(), None);
        for older in signed.iter().filter(|older| older.size <= size) {
            let proof = log.consistency(older.size, size).await.unwrap();
            assert!(is_consistent((older.size.get(), &older.root), (size.get(), &root), &proof));
        }
    }
}

async fn two_keys_sign_while_they_overlap(log: EventLog) {
    fill(&log, 0..2).await;
    let old = sign(&mut signer(&log), 1).await;
    let mut both = Signer::new(log.clone(), seeds(&[2, 1]), None);
    let overlapping = both.sign(Some(&old.note), at(2)).await.unwrap().unwrap();
    assert_eq!(
        (overlapping.size, overlapping.root),
        (old.size, old.root),
        "signed anew though nothing is new"
    );
    let known = keys(&log).await;
    assert_eq!(known.len(), 2);
    for key in &known {
        assert!(Checkpoint::verified(&overlapping.note, std::slice::from_ref(key)).is_ok(), "{key}");
    }
    let mut new = Signer::new(log.clone(), seeds(&[2]), None);
    let alone = new.sign(Some(&overlapping.note), at(3)).await.unwrap().unwrap();
    assert_eq!(alone.note.signatures().len(), 1);
    assert!(Checkpoint::verified(&alone.note, &known).is_ok());
    assert_eq!(keys(&log).await, known, "the retired one stays known");
}

async fn what_contradicts_a_known_checkpoint_is_not_signed(log: EventLog) {
    fill(&log, 0..3).await;
    let origin = default_origin(&log).await.unwrap().unwrap();
    let key = NoteKey::new(&origin, &[1; 32]).unwrap();
    let published = |origin: &str, size: u64, root: [u8; 32]| {
        let text = Checkpoint { origin: origin.to_owned(), size: Position::new(size), root }.to_string();
        let signature = key.sign(&text);
        Note::new(text).unwrap().signed(signature)
    };
    let root = log.tree(Position::new(3)).await.unwrap().root();
    let forged = published(&origin, 3, root).to_string().replace("\n3\n", "\n2\n").parse().unwrap();
    let by = KnownBy::Published;
    for (note, why) in [
        (published(&origin, 4, root), SignRefusal::Shorter { by, size: 4, head: 3 }),
        (published(&origin, 3, [0; 32]), SignRefusal::Differs { by, size: 3 }),
        (
            published("other", 3, root),
            SignRefusal::OtherLog { found: "other".to_owned(), origin: origin.clone() },
        ),
        (
            forged,
            SignRefusal::Unverified { by, why: tollgate_eventlog::note::NoteRefusal::Wrong(origin.clone()) },
        ),
    ] {
        let mut signer = signer(&log);
        assert_eq!(refusal(signer.check(Some(&note), now()).await.unwrap_err()), why);
        assert_eq!(refusal(signer.sign(Some(&note), now()).await.unwrap_err()), why);
        assert_eq!(log.checkpoint().await.unwrap(), None, "nothing is signed");
    }
    assert!(signer(&log).sign(Some(&published(&origin, 3, root)), now()).await.unwrap().is_some());
    let mut renamed = Signer::new(log.clone(), seeds(&[1]), Some("acme.example/log".to_owned()));
    let why = refusal(renamed.sign(None, now()).await.unwrap_err());
    assert_eq!(why, SignRefusal::Renamed { asked: "acme.example/log".to_owned(), origin });
}

async fn another_name_is_an_operators_word(log: EventLog) {
    fill(&log, 0..2).await;
    let origin = default_origin(&log).await.unwrap().unwrap();
    let key = NoteKey::new(&origin, &[1; 32]).unwrap();
    let text = Checkpoint { origin: origin.clone(), size: Position::new(9), root: [5; 32] }.to_string();
    let lost = Note::new(text.clone()).unwrap().signed(key.sign(&text));
    assert!(signer(&log).sign(Some(&lost), now()).await.is_err());

    let renewed = renew_identity(&log, Some(&lost), None, "the disk was lost", at(1)).await.unwrap();
    assert_eq!((renewed.number, &renewed.origin), (1, &format!("{origin}/2")));
    assert_eq!(renewed.abandoned, Some((origin.clone(), Position::new(9))));
    let signed = signer(&log).sign(Some(&lost), at(2)).await.unwrap().unwrap();
    assert!(signed.note.text().starts_with(&format!("{origin}/2\n2\n")));

    let again =
        renew_identity(&log, Some(&signed.note), Some("acme.example/log".to_owned()), "renamed", at(3));
    assert_eq!(again.await.unwrap().number, 2);
    let mut named = Signer::new(log.clone(), seeds(&[1]), Some("acme.example/log".to_owned()));
    let signed = named.sign(Some(&signed.note), at(4)).await.unwrap().unwrap();
    assert!(signed.note.text().starts_with("acme.example/log\n2\n"));
    assert_eq!(log.checkpoint().await.unwrap(), Some(signed));
    let reasons: Vec<String> = log.identities().await.unwrap().into_iter().map(|one| one.reason).collect();
    assert_eq!(reasons, ["the disk was lost", "renamed"]);
}

/// The database's file as it lies there, with nothing in its journal.
fn copy(from: &std::path::Path, to: &str) {
    let file = Connection::open(from.join("events.db")).unwrap();
    file.execute("vacuum into ?1", [from.join(to).to_str().unwrap()]).unwrap();
}

#[tokio::test]
async fn a_database_restored_from_an_older_copy_is_not_signed() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    fill(&log, 0..2).await;
    let mut first = signer(&log);
    sign(&mut first, 1).await;
    copy(dir.path(), "older.db");
    fill(&log, 2..5).await;
    let published = sign(&mut first, 2).await.note;
    log.close().await;

    for end in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(dir.path().join(format!("events.db{end}"))));
    }
    std::fs::rename(dir.path().join("older.db"), dir.path().join("events.db")).unwrap();
    let log = open(dir.path()).await;
    let shorter = SignRefusal::Shorter { by: KnownBy::Published, size: 5, head: 2 };
    assert_eq!(refusal(signer(&log).check(Some(&published), at(3)).await.unwrap_err()), shorter);
    // Grown past what was published, it is another log all the same.
    fill(&log, 10..15).await;
    let differs = SignRefusal::Differs { by: KnownBy::Published, size: 5 };
    assert_eq!(refusal(signer(&log).check(Some(&published), at(3)).await.unwrap_err()), differs);
    assert_eq!(refusal(signer(&log).sign(Some(&published), at(3)).await.unwrap_err()), differs);
    assert_eq!(log.checkpoint().await.unwrap().unwrap().size, Position::new(2));
}

#[tokio::test]
async fn a_leaf_that_was_changed_under_a_signature_ends_the_signing() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    fill(&log, 0..300).await;
    let mut before = signer(&log);
    sign(&mut before, 1).await;
    let file = Connection::open(dir.path().join("events.db")).unwrap();
    file.execute_batch(
        "drop trigger log_is_not_updated; update log set leaf_hash = zeroblob(32) where position = 7",
    )
    .unwrap();
    fill(&log, 300..301).await;
    // Hidden behind the hash of its subtree from who reads few rows, not from who starts.
    let differs = SignRefusal::Differs { by: KnownBy::Database, size: 300 };
    assert_eq!(refusal(signer(&log).sign(None, at(2)).await.unwrap_err()), differs);
    file.execute("update log set leaf_hash = zeroblob(32) where position = 299", []).unwrap();
    assert_eq!(refusal(signer(&log).check(None, at(2)).await.unwrap_err()), differs);
    let running = SignRefusal::Differs { by: KnownBy::Memory, size: 300 };
    assert_eq!(refusal(before.sign(None, at(2)).await.unwrap_err()), running);
    assert_eq!(log.checkpoint().await.unwrap().unwrap().size, Position::new(300), "nothing more is signed");
}

#[tokio::test]
async fn checkpoints_are_never_changed() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    fill(&log, 0..257).await;
    sign(&mut signer(&log), 1).await;
    let file = Connection::open(dir.path().join("events.db")).unwrap();
    for table in ["checkpoints", "checkpoint_keys", "log_identities", "log_subtrees"] {
        let column = if table == "log_subtrees" {
            "hash"
        } else if table == "checkpoints" {
            "note"
        } else {
            "identity"
        };
        let column = if table == "log_identities" { "origin" } else { column };
        for statement in [
            format!("update {table} set {column} = {column}"),
            format!("delete from {table}"),
            format!("insert or replace into {table} select * from {table}"),
        ] {
            let refused = file.execute(&statement, []).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{statement}: {refused}");
        }
    }
}

/// `cargo test -p tollgate-eventlog --test it -- --ignored a_million --nocapture`
#[tokio::test]
#[ignore = "a measurement of half a minute"]
async fn proofs_of_a_million_leaves_are_quick() {
    const LEAVES: u64 = 1_000_000;
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await;
    let file = Connection::open(dir.path().join("events.db")).unwrap();
    file.execute_batch(&format!(
        "with recursive n (i) as (select 1 union all select i + 1 from n where i < {LEAVES})
         insert into log select i, i, randomblob(32) from n"
    ))
    .unwrap();
    let log = open(dir.path()).await;
    let begun = std::time::Instant::now();
    let checkpoint = sign(&mut signer(&log), 1).await;
    println!("the first signature, all leaves read: {:?}", begun.elapsed());
    let begun = std::time::Instant::now();
    signer(&log).check(Some(&checkpoint.note), now()).await.unwrap();
    println!("the check at a start: {:?}", begun.elapsed());
    let mut took: Vec<(std::time::Duration, std::time::Duration)> = vec![];
    for number in 0..200 {
        let position = number * 4_999 + 1;
        let begun = std::time::Instant::now();
        let proof = log.inclusion(Position::new(position), checkpoint.size).await.unwrap().unwrap();
        let inclusion = begun.elapsed();
        let root = root_of_inclusion(&proof.leaf_hash, position - 1, LEAVES, &proof.hashes);
        assert_eq!(root, Some(checkpoint.root));
        let begun = std::time::Instant::now();
        log.consistency(Position::new(position), checkpoint.size).await.unwrap();
        took.push((inclusion, begun.elapsed()));
    }
    took.sort_unstable();
    println!("inclusion: median {:?}, slowest {:?}", took[100].0, took[199].0);
    took.sort_unstable_by_key(|(_, consistency)| *consistency);
    println!("consistency: median {:?}, slowest {:?}", took[100].1, took[199].1);
}
