//! Notes against `signed_note`, which shares no line with ours, and against the examples of the specifications.

use domain::Timestamp;
use signed_note::{
    Note as TheirNote, StandardSigner, StandardVerifier, Verifier, VerifierList, new_ed25519_verifier_key,
};

use super::*;

const TEXT: &str = "example.com/log\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
const NAME: &str = "example.com/log";

fn key() -> NoteKey {
    NoteKey::new(NAME, &[7; 32]).unwrap()
}

fn note() -> Note {
    let key = key();
    Note::new(TEXT.to_owned()).unwrap().signed(key.sign(TEXT))
}

fn keys(of: &[VerifierKey]) -> Vec<VerifierKey> {
    of.to_vec()
}

#[test]
fn another_implementation_takes_our_notes_and_keys() {
    let vkey = key().verifier().to_string();
    let theirs: Box<dyn Verifier> = Box::new(StandardVerifier::new(&vkey).unwrap());
    let opened = TheirNote::from_bytes(note().to_string().as_bytes()).unwrap();
    let (signed, _) = opened.verify(&VerifierList::new(vec![theirs])).unwrap();
    assert_eq!((opened.text(), signed.len()), (TEXT.as_bytes(), 1));
    let public = ring::signature::KeyPair::public_key(
        &ring::signature::Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap(),
    )
    .as_ref()
    .try_into()
    .unwrap();
    let public = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
    assert_eq!(vkey, new_ed25519_verifier_key(NAME, &public));
}

#[test]
fn we_take_the_notes_and_keys_of_another_implementation() {
    // The example of C2SP signed-note and of Go's `sumdb/note`.
    let skey = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let signer = StandardSigner::new(skey).unwrap();
    let mut theirs = TheirNote::new(text.as_bytes(), &[]).unwrap();
    theirs.add_sigs(&[&signer]).unwrap();
    let note: Note = std::str::from_utf8(&theirs.to_bytes()).unwrap().parse().unwrap();
    let known = keys(&[vkey.parse().unwrap()]);
    assert_eq!(note.verify(&known).unwrap()[0].to_string(), vkey);
    assert_eq!(note.text(), text);
    assert_eq!(note.to_string().as_bytes(), theirs.to_bytes());
    let golden = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    assert!(note.to_string().ends_with(&format!("\n\n{golden}\n")));
}

#[test]
fn a_witness_says_when_it_has_seen_the_text() {
    let witness = NoteKey::new("witness.example/1", &[9; 32]).unwrap();
    let at: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let cosigned = note().signed(witness.cosign(TEXT, at));
    let known = keys(&[key().verifier(), witness.witness_verifier()]);
    assert_eq!(cosigned.verify(&known).unwrap().len(), 2);
    // The signed bytes by the letter of tlog-cosignature v1.
    let line = &cosigned.signatures()[1];
    let (time, bytes) = line.bytes.split_first_chunk::<8>().unwrap();
    assert_eq!(u64::from_be_bytes(*time), 1_772_366_400);
    let message = format!("cosignature/v1\ntime 1772366400\n{TEXT}");
    let dalek = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    ed25519_dalek::Verifier::verify(
        &dalek.verifying_key(),
        message.as_bytes(),
        &ed25519_dalek::Signature::from_slice(bytes).unwrap(),
    )
    .unwrap();
    // Nobody else's, and not of another time.
    let mut later = line.clone();
    later.bytes[7] ^= 1;
    let forged = note().signed(later);
    assert!(matches!(forged.verify(&known), Err(NoteRefusal::Wrong(name)) if name == "witness.example/1"));
    assert_ne!(witness.verifier(), witness.witness_verifier());
    let vkey: VerifierKey = witness.witness_verifier().to_string().parse().unwrap();
    assert!(vkey.is_of_witness() && vkey == witness.witness_verifier());
}

#[test]
fn what_was_changed_or_signed_by_others_is_not_taken() {
    let known = keys(&[key().verifier()]);
    let whole = note().to_string();
    assert!(whole.parse::<Note>().unwrap().verify(&known).is_ok());
    let other = NoteKey::new(NAME, &[8; 32]).unwrap();
    let theirs = Note::new(TEXT.to_owned()).unwrap().signed(other.sign(TEXT));
    assert_eq!(theirs.verify(&known), Err(NoteRefusal::Unknown));
    let both = theirs.signed(key().sign(TEXT));
    assert_eq!(both.verify(&known).unwrap(), [&known[0]], "lines of others are left alone");
    for at in 0..whole.len() {
        let mut changed = whole.clone().into_bytes();
        changed[at] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else { continue };
        let taken = changed.parse::<Note>().and_then(|note| note.verify(&known).map(|_| ()));
        assert!(taken.is_err(), "{at}: {changed}");
    }
    for malformed in
        ["", "text\n", "text\n\n", "text\n\n— name\n", "text\n\n— name AAAA\n", "a\tb\n\n— n AAAAAAA=\n"]
    {
        assert!(matches!(malformed.parse::<Note>(), Err(NoteRefusal::Malformed(_))), "{malformed:?}");
    }
}

#[test]
fn keys_that_do_not_fit_their_names_are_not_taken() {
    let vkey = key().verifier().to_string();
    assert_eq!(vkey.parse::<VerifierKey>(), Ok(key().verifier()));
    for bad in
        [vkey.replace("example", "exbmple"), vkey[1..].to_owned(), "a+b".to_owned(), vkey.replace("+A", "+B")]
    {
        assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
    }
    assert!(NoteKey::new("two words", &[0; 32]).is_err() && NoteKey::new("a+b", &[0; 32]).is_err());
}
