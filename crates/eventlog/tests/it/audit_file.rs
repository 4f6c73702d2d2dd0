//! An export proves itself, and every change of it is found.

use std::io::BufReader;

use domain::Position;
use proptest::{
    prelude::{Just, Strategy, any},
    prop_assert, prop_oneof, proptest,
};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};
use tollgate_eventlog::{
    EventLog,
    audit_file::{Export, Finding, Outcome, Report, verify},
    note::VerifierKey,
    signer::{Signer, renew_identity},
};

use crate::{
    checkpoints::{at, fill, seeds, sign, signer},
    contract::on_every_engine,
    postgres::Instance,
    support::{client, email, now, open, suspend},
};

on_every_engine!(every_range_proves_itself, what_is_not_signed_is_not_exported,);

async fn exported(log: &EventLog, from: u64, until: Option<u64>) -> Vec<u8> {
    let mut export =
        Export::of(log, Position::new(from), until.map(Position::new), true).await.unwrap().unwrap();
    let mut file = vec![];
    while let Some(lines) = export.next().await.unwrap() {
        file.extend(lines);
    }
    let so_far = export.so_far();
    assert_eq!(so_far.sha256, <[u8; 32]>::from(Sha256::digest(&file)));
    file
}

fn report(file: &[u8], pinned: Option<&VerifierKey>) -> Report {
    verify(BufReader::new(file), pinned).unwrap()
}

async fn key(log: &EventLog) -> VerifierKey {
    log.checkpoint_keys().await.unwrap().remove(0).vkey
}

async fn every_range_proves_itself(log: EventLog) {
    fill(&log, 0..520).await;
    sign(&mut signer(&log), 1).await;
    fill(&log, 600..603).await;
    let key = key(&log).await;
    for (from, until) in [
        (1, None),
        (1, Some(1)),
        (1, Some(256)),
        (2, Some(257)),
        (257, None),
        (300, Some(300)),
        (513, Some(9_999)),
    ] {
        let report = report(&exported(&log, from, until).await, Some(&key));
        let last = until.unwrap_or(520).min(520);
        assert_eq!((report.outcome(), &report.findings), (Outcome::Proven, &vec![]), "{from} to {until:?}");
        assert_eq!(
            (report.from, report.until, report.size, report.proven),
            (from, last, 520, last + 1 - from)
        );
        assert!(report.pinned);
    }
    let whole = String::from_utf8(exported(&log, 1, None).await).unwrap();
    assert!(
        whole.contains(r#""value":"owner@example.com""#) && whole.contains(&email().commitment().to_string())
    );
}

async fn what_is_not_signed_is_not_exported(log: EventLog) {
    let of = async |from| Export::of(&log, Position::new(from), None, true).await.unwrap();
    assert!(of(1).await.is_none(), "no checkpoint yet");
    fill(&log, 0..2).await;
    sign(&mut signer(&log), 1).await;
    fill(&log, 2..3).await;
    assert!(of(3).await.is_none(), "the third is not signed yet");
    assert_eq!(of(0).await.unwrap().range(), (Position::new(1), Position::new(2)));
}

#[tokio::test]
async fn whose_key_it_is_matters() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    fill(&log, 0..3).await;
    let mut both = Signer::new(log.clone(), seeds(&[2, 1]), None);
    both.sign(None, now()).await.unwrap().unwrap();
    let file = exported(&log, 1, None).await;
    let keys = log.checkpoint_keys().await.unwrap();
    for key in &keys {
        assert_eq!(report(&file, Some(&key.vkey)).outcome(), Outcome::Proven, "either of two that overlap");
    }
    let anyone = report(&file, None);
    assert_eq!((anyone.outcome(), anyone.pinned, anyone.keys.len()), (Outcome::Proven, false, 2));
    // A file whose keys were made up is whole in itself.
    let forger = Signer::new(log.clone(), seeds(&[9]), None).sign(None, at(1)).await.unwrap().unwrap();
    assert_eq!(forger.size, Position::new(3));
    let forged = exported(&log, 1, None).await;
    assert_eq!(report(&forged, None).outcome(), Outcome::Proven);
    let told = report(&forged, Some(&keys[0].vkey));
    assert_eq!((told.outcome(), told.proven), (Outcome::Unproven, 0));
    renew_identity(&log, None, None, "another name", now()).await.unwrap();
    Signer::new(log.clone(), seeds(&[1]), None).sign(None, at(2)).await.unwrap().unwrap();
    assert_eq!(report(&exported(&log, 1, None).await, Some(&keys[0].vkey)).outcome(), Outcome::Unproven);
}

#[tokio::test]
async fn what_was_changed_in_the_database_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    fill(&log, 0..300).await;
    sign(&mut signer(&log), 1).await;
    let file = Connection::open(dir.path().join("events.db")).unwrap();
    file.execute_batch(
        "drop trigger events_are_not_updated; drop trigger events_are_not_deleted;
         update events set payload = replace(payload, 'Acme', 'Evil') where event_no = 2;
         update personal_data set value = 'x@example.com' where event_no = 270 and value like 'owner%';
         pragma foreign_keys = off; delete from personal_data where event_no in (5, 6, 7);
         delete from events where event_no in (5, 6)",
    )
    .unwrap();
    let told = report(&exported(&log, 1, None).await, None);
    let expected = [
        Finding::Altered { position: 2 },
        Finding::Missing { from: 5, until: 6 },
        Finding::Altered { position: 270 },
    ];
    assert_eq!((told.findings.as_slice(), told.proven), (expected.as_slice(), 296));
    assert_eq!(told.outcome(), Outcome::Altered, "an erased value is no finding: position 7");
}

/// What somebody does to a file.
#[derive(Clone, Debug)]
enum Mutation {
    Edit { line: usize, byte: usize, bit: u8 },
    Delete { line: usize },
    Swap { one: usize, other: usize },
    Truncate { lines: usize, bytes: usize },
    Repeat { line: usize, before: usize },
    Insert { text: &'static str, before: usize },
}

fn mutations() -> impl Strategy<Value = Mutation> {
    let any = any::<usize>;
    let texts = prop_oneof![Just("{}\n"), Just("\n"), Just("{\"event\":{}}\n"), Just("{\"end\":null}\n")];
    prop_oneof![
        4 => (any(), any(), 0..8_u8).prop_map(|(line, byte, bit)| Mutation::Edit { line, byte, bit }),
        2 => any().prop_map(|line| Mutation::Delete { line }),
        2 => (any(), any()).prop_map(|(one, other)| Mutation::Swap { one, other }),
        2 => (any(), any()).prop_map(|(lines, bytes)| Mutation::Truncate { lines, bytes }),
        2 => (any(), any()).prop_map(|(line, before)| Mutation::Repeat { line, before }),
        1 => (texts, any()).prop_map(|(text, before)| Mutation::Insert { text, before }),
    ]
}

impl Mutation {
    fn of(&self, file: &[u8]) -> Vec<u8> {
        let mut lines: Vec<Vec<u8>> =
            file.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let many = lines.len();
        match *self {
            Self::Edit { line, byte, bit } => {
                let line = &mut lines[line % many];
                let at = byte % line.len();
                line[at] ^= 1 << bit;
            }
            Self::Delete { line } => drop(lines.remove(line % many)),
            Self::Swap { one, other } => lines.swap(one % many, other % many),
            Self::Truncate { lines: kept, bytes } => {
                lines.truncate(kept % many + 1);
                let last = lines.last_mut().unwrap();
                last.truncate(bytes % last.len());
            }
            Self::Repeat { line, before } => lines.insert(before % (many + 1), lines[line % many].clone()),
            Self::Insert { text, before } => lines.insert(before % (many + 1), text.as_bytes().to_vec()),
        }
        lines.concat()
    }
}

/// As somebody does who knows how: the sum over all bytes is put right.
fn resealed(file: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(file).ok()?;
    let (before, end) = text.trim_end_matches('\n').rsplit_once('\n')?;
    let (from, sum) = end.split_once(r#""checksum":""#)?;
    let sha256 = hex::encode(Sha256::digest(format!("{before}\n")));
    Some(format!("{before}\n{from}\"checksum\":\"{sha256}{}\n", sum.get(64..)?).into_bytes())
}

/// From the first tile into the third; an entry of each aggregate kind is not needed to tell bytes apart.
fn sample() -> &'static (Vec<u8>, VerifierKey) {
    static SAMPLE: std::sync::OnceLock<(Vec<u8>, VerifierKey)> = std::sync::OnceLock::new();
    SAMPLE.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let dir = tempfile::tempdir().unwrap();
        runtime.block_on(async {
            let log = open(dir.path()).await;
            fill(&log, 0..516).await;
            log.execute(suspend(client(1))).await.unwrap();
            sign(&mut signer(&log), 1).await;
            (exported(&log, 251, Some(515)).await, key(&log).await)
        })
    })
}

#[test]
fn every_line_is_missed() {
    let (file, key) = sample();
    assert_eq!(report(file, Some(key)).outcome(), Outcome::Proven);
    let lines = file.split_inclusive(|byte| *byte == b'\n').count();
    for line in 0..lines {
        let told = report(&Mutation::Delete { line }.of(file), Some(key));
        assert_ne!(told.outcome(), Outcome::Proven, "line {line}");
        let told = report(&Mutation::Repeat { line, before: line }.of(file), Some(key));
        assert_ne!(told.outcome(), Outcome::Proven, "line {line} twice");
        let told = report(&Mutation::Truncate { lines: line, bytes: usize::MAX }.of(file), Some(key));
        assert_ne!(told.outcome(), Outcome::Proven, "cut in line {line}");
    }
    // The header, a tile of six, the next tile, and at 9 its first entry: that at position 257.
    let told = |mutation: Mutation| report(&mutation.of(file), Some(key));
    assert_eq!(told(Mutation::Delete { line: 9 }).findings, [Finding::Missing { from: 257, until: 257 }]);
    assert_eq!(told(Mutation::Swap { one: 9, other: 10 }).findings, [Finding::Reordered { position: 257 }]);
    assert_eq!(told(Mutation::Delete { line: lines - 1 }).findings, [Finding::Cut]);
    assert_eq!(told(Mutation::Delete { line: 0 }).findings, [Finding::NotAnExport]);
    let edited = String::from_utf8(file.clone()).unwrap().replacen("Acme", "Acne", 1).into_bytes();
    assert_eq!(report(&edited, Some(key)).findings, [Finding::Altered { position: 251 }]);
    assert_eq!(report(&edited, Some(key)).proven, 264);
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(600))]
    #[test]
    fn a_mutated_export_is_always_caught(mutation in mutations()) {
        let (file, key) = sample();
        let mutated = mutation.of(file);
        if mutated != *file {
            let told = report(&mutated, Some(key));
            prop_assert!(told.outcome() != Outcome::Proven, "{mutation:?}");
            prop_assert!(told.outcome().exit_code() != 0 && !told.findings.is_empty());
        }
        if let Some(resealed) = resealed(&mutated).filter(|resealed| resealed != file) {
            prop_assert!(report(&resealed, Some(key)).outcome() != Outcome::Proven, "{mutation:?}, with its sum put right");
        }
    }
}
