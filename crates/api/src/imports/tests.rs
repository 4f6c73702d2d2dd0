//! Uploads in every form, the right and the wrong.

use domain::secret::ForeignDigest;
use serde_json::{Value, json};

use super::*;

const CLIENT: &str = "cli_00000000000000000000000001";
/// SHA-256 of `kong-3fPq9sKd02mzX`.
const SECRET: &str = "kong-3fPq9sKd02mzX";

fn hex_digest() -> String {
    ForeignDigest::of(SECRET).unwrap().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn defaults() -> Defaults {
    Defaults { client_id: Some(CLIENT.parse().unwrap()), environment: Some("prod".parse().unwrap()) }
}

fn rows(format: Format, upload: &str) -> Vec<Row> {
    read(format, upload.as_bytes(), &defaults()).unwrap()
}

fn key(row: &Row) -> &ForeignKey {
    row.key.as_ref().unwrap_or_else(|why| panic!("{}: {why}", row.subject))
}

fn refused(format: Format, upload: &str) -> Vec<String> {
    let rows = rows(format, upload);
    rows.into_iter().filter_map(|row| row.key.err().map(|why| format!("{}: {why}", row.subject))).collect()
}

#[test]
fn csv_and_json_lines_say_the_same() {
    let digest = hex_digest();
    let csv = format!(
        "external_id,client_name,environment,name,sha256,scopes,expires_at,allowed_cidrs,hint\r\n\
         k1,Acme,sandbox,\"Night, export\",{digest},a b;c,2027-01-01T00:00:00Z,10.0.0.0/8,…2mzX\r\n"
    );
    let line = json!({
        "external_id": "k1", "client_name": "Acme", "environment": "sandbox", "name": "Night, export",
        "sha256": digest, "scopes": ["a", "b", "c"], "expires_at": "2027-01-01T00:00:00Z",
        "allowed_cidrs": ["10.0.0.0/8"], "hint": "2mzX",
    });
    let (csv, lines) = (rows(Format::Csv, &csv), rows(Format::Jsonl, &format!("\n{line}\n\n")));
    assert_eq!(csv, lines);
    assert_eq!(key(&csv[0]).client, NamedClient::Name("Acme".to_owned()));
    assert_eq!((csv[0].subject.as_str(), key(&csv[0]).hint.as_str()), ("k1", "…2mzX"));
}

#[test]
fn what_a_row_does_not_say_is_taken_from_the_defaults() {
    let line = json!({ "external_id": "k1", "sha256": hex_digest() }).to_string();
    let rows = rows(Format::Jsonl, &line);
    let key = key(&rows[0]);
    assert_eq!(key.client, NamedClient::Id(CLIENT.parse().unwrap()));
    assert_eq!((key.environment.as_str(), key.name.as_str(), key.scopes.as_ref()), ("prod", "k1", None));
    let nothing = read(Format::Jsonl, line.as_bytes(), &Defaults::default()).unwrap();
    assert_eq!(nothing[0].key.as_ref().unwrap_err(), "it names no client");
}

#[test]
fn a_wrong_row_stops_none_after_it_and_its_values_do_not_come_back() {
    let good = json!({ "external_id": "good", "sha256": hex_digest() });
    let bad = [
        json!({ "external_id": "b1", "sha256": SECRET }),
        json!({ "external_id": "b2", "sha256": hex_digest(), "scopes": SECRET }),
        json!({ "external_id": "b3", "sha256": hex_digest(), "key": SECRET }),
        json!({ "external_id": "b4" }),
        json!({ "sha256": hex_digest() }),
        json!({ "external_id": "b6", "sha256": hex_digest(), "client_id": CLIENT, "client_name": "Acme" }),
        json!({ "external_id": "b7", "sha256": hex_digest(), "hint": "far-too-long-a-hint" }),
        json!({ "external_id": "b8", "sha256": hex_digest(), "expires_at": "tomorrow" }),
        json!([1]),
    ];
    let upload: String = bad.iter().chain([&good]).map(|row| format!("{row}\n")).collect();
    let all = rows(Format::Jsonl, &(upload.clone() + "{broken\n"));
    assert_eq!(all.iter().filter(|row| row.key.is_ok()).count(), 1);
    let reasons = refused(Format::Jsonl, &(upload + "{broken\n"));
    assert_eq!(reasons.len(), bad.len() + 1);
    assert!(reasons.iter().all(|why| !why.contains(SECRET)), "{reasons:?}");
    assert!(reasons[0].starts_with("b1: `sha256` must be a SHA-256"), "{reasons:?}");
    assert!(reasons[2].starts_with("b3: unknown field `key`"), "{reasons:?}");
    assert!(reasons[4].starts_with("row 5: missing field `external_id`"), "{reasons:?}");
}

#[test]
fn a_csv_without_a_right_heading_is_none() {
    for upload in ["", "external_id\nk1\n", "external_id,sha256,secret\n", "external_id,sha256,sha256\n"] {
        let problem = read(Format::Csv, upload.as_bytes(), &defaults()).unwrap_err();
        assert_eq!(problem.status(), 422, "{upload}");
    }
    assert_eq!(read(Format::Csv, b"external_id,sha256\n\xff,x\n", &defaults()).unwrap_err().status(), 422);
    let upload = format!("external_id,sha256\nk1,{},more\nk2,{}\n", hex_digest(), hex_digest());
    assert_eq!(
        refused(Format::Csv, &upload),
        ["k1: it has 3 cells, and the heading 2"].map(|_| { "row 1: it has 3 cells, and the heading 2" })
    );
}

#[test]
fn kong_keeps_secrets_in_clear_and_they_are_not_taken() {
    let clear = json!({ "data": [{ "id": "c1", "key": SECRET, "consumer": { "id": "u1" } }], "next": null });
    let reasons = refused(Format::Kong, &clear.to_string());
    assert!(
        reasons.len() == 1 && reasons[0].contains("in clear") && !reasons[0].contains(SECRET),
        "{reasons:?}"
    );
    let listed = json!({ "data": [{
        "id": "c1", "sha256": hex_digest(), "hint": "2mzX", "created_at": 1_700_000_000, "ttl": 3600,
        "consumer": { "id": "u1" }, "tags": null,
    }] });
    let rows = rows(Format::Kong, &listed.to_string());
    let read = key(&rows[0]);
    assert_eq!((read.external_id.as_str(), read.hint.as_str()), ("c1", "…2mzX"));
    assert_eq!(read.created_at.unwrap().as_second(), 1_700_000_000);
    assert_eq!(read.expires_at.unwrap().as_second(), 1_700_003_600);
}

#[test]
fn kongs_consumers_are_our_clients() {
    let dump = json!({ "_format_version": "3.0", "consumers": [
        { "username": "Acme", "keyauth_credentials": [{ "sha256": hex_digest() }] },
        { "username": "Beta" },
    ] });
    let rows = rows(Format::Kong, &dump.to_string());
    assert_eq!(rows.len(), 1);
    assert_eq!(key(&rows[0]).client, NamedClient::Name("Acme".to_owned()));
    assert!(!hex_digest().contains(key(&rows[0]).external_id.as_str()), "a stand-in is not the digest");
}

#[test]
fn unkeys_hashes_are_base64() {
    let digest = ForeignDigest::of(SECRET).unwrap();
    let hash = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, digest.as_bytes());
    let keys: Value = json!([
        { "keyId": "key_1", "hash": hash, "name": "Export", "identity": { "externalId": "Acme" },
          "createdAt": 1_700_000_000_000_i64, "expires": 1_900_000_000_000_i64, "permissions": ["orders:read"] },
        { "id": "key_2", "hash": { "value": hash, "variant": "sha256_base64" }, "expires": null },
        { "id": "key_3", "hash": hash, "enabled": false },
        { "id": "key_4", "start": "sk_1" },
    ]);
    let read = rows(Format::Unkey, &keys.to_string());
    assert_eq!((key(&read[0]).sha256, key(&read[1]).sha256), (digest, digest));
    assert_eq!(key(&read[0]).client, NamedClient::Name("Acme".to_owned()));
    assert_eq!(key(&read[0]).scopes.as_ref().map(BTreeSet::len), Some(1));
    assert_eq!(key(&read[0]).expires_at.unwrap().as_second(), 1_900_000_000);
    assert_eq!(refused(Format::Unkey, &keys.to_string()).len(), 2);
}

/// Trap 1: Tyk's default is a murmur hash, which proves nothing.
#[test]
fn of_tyks_hashes_only_sha256_is_one() {
    let keys = json!({ "keys": [
        { "key_hash": hex_digest(), "data": { "alias": "Acme", "expires": 1_900_000_000, "date_created": "2024-01-02T03:04:05.678Z" } },
        { "key_hash": "0a1b2c3d", "data": { "alias": "Beta" } },
        { "key_hash": hex_digest(), "data": { "alias": "Gone", "is_inactive": true } },
        { "key_hash": hex_digest(), "data": { "expires": 0 } },
    ] });
    let read = rows(Format::Tyk, &keys.to_string());
    assert_eq!(key(&read[0]).client, NamedClient::Name("Acme".to_owned()));
    assert_eq!(key(&read[0]).expires_at.unwrap().as_second(), 1_900_000_000);
    assert_eq!(key(&read[3]).expires_at, None);
    assert!(read[1].key.as_ref().unwrap_err().contains("murmur"), "{read:?}");
    assert_eq!(refused(Format::Tyk, &keys.to_string()).len(), 2);
}

#[test]
fn what_is_kept_of_an_upload_reads_back() {
    let line = json!({ "external_id": "k1", "sha256": hex_digest() });
    let read = rows(Format::Jsonl, &format!("{line}\n{{broken\n"));
    assert_eq!(of_kept(&kept(&read).unwrap()).unwrap(), read);
}

#[test]
fn no_more_rows_are_read_than_one_too_many() {
    let many = ROWS_READ_MAX + 10;
    let list = format!("[{}1]", "1,".repeat(many));
    let held = format!(r#"{{"keyauth_credentials":{list}}}"#);
    for (format, upload) in [
        (Format::Csv, format!("external_id,sha256\n{}", "1,1\n".repeat(many))),
        (Format::Jsonl, "1\n".repeat(many)),
        (Format::Tyk, "1\n".repeat(many)),
        (Format::Unkey, list.clone()),
        (Format::Tyk, format!(r#"{{"keys":{list}}}"#)),
        (Format::Kong, format!(r#"{{"data":{list}}}"#)),
        (Format::Kong, format!(r#"{{"consumers":[{held},{held}]}}"#)),
    ] {
        assert_eq!(rows(format, &upload).len(), ROWS_READ_MAX, "{format:?}");
    }
}

#[test]
fn consumers_without_credentials_are_no_rows() {
    let last = json!({ "username": "Acme", "keyauth_credentials": [{ "sha256": hex_digest() }] });
    let dump = format!(r#"{{"consumers":[{}{last}]}}"#, "{},".repeat(ROWS_READ_MAX));
    let rows = rows(Format::Kong, &dump);
    assert_eq!(rows.len(), 1);
    assert_eq!(key(&rows[0]).client, NamedClient::Name("Acme".to_owned()));
}

#[test]
fn a_row_that_is_too_long_is_none() {
    let digest = hex_digest();
    let long = "a ".repeat(ROW_BYTES_MAX / 2);
    let line = json!({ "external_id": "k1", "sha256": digest, "scopes": [&long] }).to_string();
    assert_eq!(refused(Format::Jsonl, &line), ["row 1: it is longer than 256 KiB"]);
    assert_eq!(refused(Format::Unkey, &format!("[{line}]")), ["row 1: it is longer than 256 KiB"]);
    let csv = format!("external_id,sha256,scopes\nk1,{digest},{long}\n");
    assert_eq!(refused(Format::Csv, &csv), ["row 1: it is longer than 256 KiB"]);
    let consumer = json!({ "username": format!("{long}a"), "keyauth_credentials": [{ "sha256": digest }] });
    let dump = json!({ "consumers": [consumer] }).to_string();
    assert_eq!(refused(Format::Kong, &dump), ["row 1: its consumer's name is too long"]);
}

#[test]
fn a_document_that_is_no_list_of_rows_is_refused_or_one_row() {
    for document in ["1", "\"k1\"", "null", r#"{"data":[],"data":[]}"#] {
        let problem = read(Format::Unkey, document.as_bytes(), &defaults()).unwrap_err();
        assert_eq!(problem.status(), 422, "{document}");
    }
    assert_eq!(rows(Format::Unkey, " [ ] "), []);
    assert_eq!(rows(Format::Tyk, r#"{"keys":[{},1]}"#).len(), 2);
    let session = json!({ "key_hash": hex_digest(), "data": { "alias": "Acme" } });
    assert_eq!(key(&rows(Format::Tyk, &session.to_string())[0]).client, NamedClient::Name("Acme".to_owned()));
}
