//! Files whose sums are right and whose lines are not: whoever writes a file can compute sums, too.

use std::{fs, path::Path};

use domain::Position;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tollgate_eventlog::{
    StoredEvent,
    merkle::Tree,
    transfer::{Destination, TransferFailure},
};

use super::{filled, import, write};

/// A file taken apart.
#[derive(Clone)]
struct Forged {
    header: Value,
    events: Vec<Value>,
    commands: Vec<Value>,
}

impl Forged {
    fn of(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let named = |name: &str| lines.iter().filter_map(|line| line.get(name).cloned()).collect::<Vec<_>>();
        Self { header: lines[0]["tollgate_log"].clone(), events: named("event"), commands: named("command") }
    }

    /// Gives an event the leaf hash of what it has now.
    fn seal(&mut self, at: usize) {
        let event = &mut self.events[at];
        let text = |name: &str| event[name].as_str().unwrap().to_owned();
        let stored = StoredEvent {
            position: Position::new(1),
            event_no: 0,
            leaf_hash: [0; 32],
            aggregate_type: text("aggregate_type"),
            aggregate_id: text("aggregate_id"),
            sequence: event["sequence"].as_u64().unwrap(),
            event_type: text("event_type"),
            event_version: text("event_version"),
            payload: text("payload"),
            metadata: text("metadata"),
            event_id: text("event_id"),
            recorded_at: text("recorded_at"),
        };
        event["leaf_hash"] = hex::encode(stored.audited_leaf()).into();
    }

    /// The file, with the root and the sums that it should have.
    fn write(mut self, file: &Path) {
        let mut tree = Tree::default();
        for event in &self.events {
            let mut leaf = [0; 32];
            hex::decode_to_slice(event["leaf_hash"].as_str().unwrap(), &mut leaf).unwrap();
            tree.push(leaf);
        }
        self.header["root"] = hex::encode(tree.root()).into();
        self.header["size"] = tree.size().into();
        let personal: usize =
            self.events.iter().map(|event| event["personal"].as_array().unwrap().len()).sum();
        let mut text = format!("{}\n", json!({ "tollgate_log": self.header }));
        for event in &self.events {
            text.push_str(&format!("{}\n", json!({ "event": event })));
        }
        for command in &self.commands {
            text.push_str(&format!("{}\n", json!({ "command": command })));
        }
        let sha256 = hex::encode(Sha256::digest(text.as_bytes()));
        let end = json!({
            "events": tree.size(), "personal_values": personal, "commands": self.commands.len(),
            "root": self.header["root"], "sha256": sha256,
        });
        text.push_str(&format!("{}\n", json!({ "end": end })));
        fs::write(file, text).unwrap();
    }
}

fn replace(value: &mut Value, from: &str, to: &str) {
    let text = value.as_str().unwrap();
    assert!(text.contains(from), "{text}");
    *value = text.replace(from, to).into();
}

/// What is wrong, and what the refusal speaks of.
type Forgery = (&'static str, &'static str, fn(&mut Forged));

const FORGERIES: [Forgery; 12] = [
    ("a payload under its old leaf hash", "leaf hash", |file| {
        replace(&mut file.events[1]["payload"], "Acme", "Acne");
    }),
    ("an event twice", "position 4", |file| {
        let again = file.events[2].clone();
        file.events.insert(3, again);
    }),
    ("positions that do not follow each other", "position 4", |file| file.events[3]["position"] = 5.into()),
    ("another's value", "commits to", |file| {
        file.events[0]["personal"][0]["value"] = "other@example.com".into();
    }),
    ("a value that the event does not commit to", "commits to", |file| {
        file.events[20]["personal"] = file.events[0]["personal"].clone();
    }),
    ("a value twice", "twice", |file| {
        let values = file.events[0]["personal"].as_array_mut().unwrap();
        values.push(values[1].clone());
    }),
    ("an event that nobody knows", "does not know", |file| {
        replace(&mut file.events[1]["event_version"], "1", "999");
        file.seal(1);
    }),
    ("a seam between two texts moved", "character", |file| {
        replace(&mut file.events[1]["aggregate_id"], "cli_", "cli_\",\"x\":\"");
        file.seal(1);
    }),
    ("data that are two", "JSON", |file| {
        replace(&mut file.events[1]["metadata"], "{", "{},\"more\":{");
        file.seal(1);
    }),
    ("a time that Postgres would round", "time", |file| {
        replace(&mut file.events[1]["recorded_at"], "Z", ".123456789Z");
        file.seal(1);
    }),
    ("a command of an event that is not there", "belongs to no event", |file| {
        file.commands[0]["position"] = 25.into();
    }),
    ("a command that is the mark of an import", "belongs to no event", |file| {
        file.commands[0]["command_key"] = "tollgate-import".into();
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_sums_do_not_make_a_wrong_line_right() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    write(&filled(dir.path(), 8).await, &file).await.unwrap();
    let good = Forged::of(&file);
    fs::create_dir(dir.path().join("new")).unwrap();
    let new = dir.path().join("new/events.db");
    for (what, told, forge) in FORGERIES {
        let mut forged = good.clone();
        forge(&mut forged);
        forged.write(&file);
        let refused = import(&file, &Destination::Sqlite(&new)).await.unwrap_err();
        assert!(
            matches!(refused, TransferFailure::Damaged { .. } | TransferFailure::Unknown { .. }),
            "{what}: {refused:?}"
        );
        assert!(refused.to_string().contains(told), "{what}: {refused}");
        assert!(!new.exists(), "{what}: nothing is written");
    }
    good.write(&file);
    import(&file, &Destination::Sqlite(&new)).await.unwrap();
}
